import type { Command } from 'commander';
import { type CliDeps, UsageError } from './cli-deps.ts';

const LOOPBACK = ['127.0.0.1', '::1', 'localhost'];
const LOCAL_UI = 'http://localhost:8233,http://127.0.0.1:8233';

/** Adds `codec-server`: the engine's UI shows what is encrypted by asking it. */
export function addCodecServerCommand(program: Command, deps: CliDeps): void {
  program
    .command('codec-server')
    .description(
      'decode for the UI of the engine what BATON_PAYLOAD_KEY encrypted, until it is interrupted',
    )
    .option('--host <address>', 'loopback address to listen on', '127.0.0.1')
    .option('--port <number>', 'port to listen on; 0 takes a free one', '8234')
    .option('--ui-origin <origins>', 'origins of the UI, separated by commas', LOCAL_UI)
    .action(({ host, port, uiOrigin }: { host: string; port: string; uiOrigin: string }) => {
      if (!LOOPBACK.includes(host)) {
        throw new UsageError(
          `--host is ${LOOPBACK.join(', ')}: what it decodes is for this machine`,
        );
      }
      const number = Number(port);
      if (!Number.isInteger(number) || number < 0 || number > 65_535) {
        throw new UsageError('--port is a whole number from 0 to 65535');
      }
      const plan = { host, port: number, uiOrigins: originsOf(uiOrigin) };
      return deps.codecServer.serve(plan, (address) => {
        deps.print(`Codec endpoint for the UI (its glasses icon): ${address}`);
        deps.print('Whoever knows this address can read what the engine stores. Ctrl-C ends it.');
      });
    });
}

function originsOf(text: string): string[] {
  const origins = text.split(',').map((origin) => origin.trim());
  for (const origin of origins) {
    if (!URL.canParse(origin) || new URL(origin).origin !== origin) {
      throw new UsageError('--ui-origin is an origin such as http://127.0.0.1:8233');
    }
  }
  return origins;
}
