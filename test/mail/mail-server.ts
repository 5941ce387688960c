import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { z } from 'zod';
import { eventually } from '../support/eventually.ts';
import { freePort } from '../support/free-port.ts';
import { installServer } from '../support/install-server.ts';

const Mail = z.looseObject({
  id: z.string(),
  subject: z.string(),
  text: z.string(),
  html: z.string(),
  envelope: z.looseObject({ to: z.array(z.looseObject({ address: z.string() })) }),
});
export type Mail = z.infer<typeof Mail>;

/** A real SMTP server that keeps what it gets. */
export interface MailServer {
  port: number;
  /** Mails to an address, oldest first. */
  to(address: string): Promise<Mail[]>;
  /** The mail as it came, byte by byte. */
  source(id: string): Promise<string>;
  stop(): Promise<void>;
}

/** Installs maildev the first time, and starts it as a process of its own. */
export async function startMailServer(port?: number): Promise<MailServer> {
  const directory = installServer({
    source: join(import.meta.dirname, 'server'),
    cache: 'test-mail',
  });
  const script = join(directory, 'node_modules', 'maildev', 'dist', 'bin', 'maildev.js');
  const smtp = port ?? (await freePort());
  const web = await freePort();
  const host = '127.0.0.1';
  const args = ['--smtp', `${smtp}`, '--ip', host, '--web', `${web}`, '--web-ip', host, '--silent'];
  const child = spawn(process.execPath, [script, ...args], {
    env: { PATH: process.env['PATH'], NODE_NO_WARNINGS: '1' },
    stdio: 'ignore',
  });
  const url = `http://${host}:${web}/api/email`;
  await eventually(
    () =>
      fetch(url).then(
        ({ ok }) => ok,
        () => false,
      ),
    { what: 'a mail server' },
  );
  return {
    port: smtp,
    async to(address) {
      const all = z.array(Mail).parse(await (await fetch(url)).json());
      return all.filter(({ envelope }) => envelope.to.some((one) => one.address === address));
    },
    source: async (id) => (await fetch(`${url}/${id}/source`)).text(),
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const exited = once(child, 'exit');
      child.kill('SIGKILL');
      await exited;
    },
  };
}

/** A port that nobody listens on. */
