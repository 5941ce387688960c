import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { z } from 'zod';

const Line = z.object({
  at: z.number(),
  blockedMs: z.number(),
  delayMs: z.number(),
  rss: z.number(),
});
type Line = z.infer<typeof Line>;

/** What the watched process wrote from an instant on. */
export function readLines(file: string, since: number): Line[] {
  return readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line.endsWith('}'))
    .map((line) => Line.parse(JSON.parse(line)))
    .filter(({ at }) => at >= since);
}

/** What somebody else waits meanwhile, who has done nothing. */
export interface Bystander {
  /** Since it was last asked: the worst answer, and that beyond what a server waits that does nothing. */
  worst(): { answerMs: number; beyondControlMs: number; failures: string[] };
  stop(): Promise<void>;
}

const PAUSE_MS = 40;

/**
 * Asks again and again, and each time as well a server that only answers: what that takes is the
 * machine's fault and not ours.
 */
export async function watchAsBystander(url: string, key: string): Promise<Bystander> {
  const thread = new Worker(join(import.meta.dirname, 'bystander-thread.ts'), {
    workerData: { url, key },
  });
  let answers: { answerMs: number; controlMs: number; status: number }[] = [];
  thread.on('message', (answer) => answers.push(answer));
  await new Promise((resolve) => thread.once('message', resolve));
  return {
    worst() {
      const seen = answers;
      answers = [];
      return {
        answerMs: Math.max(0, ...seen.map(({ answerMs }) => answerMs)),
        beyondControlMs: Math.max(
          0,
          ...seen.map(({ answerMs, controlMs }) => answerMs - controlMs),
        ),
        failures: seen.flatMap(({ status }) => (status === 200 ? [] : [String(status)])),
      };
    },
    async stop() {
      await thread.terminate();
    },
  };
}

/** Runs in the bystander's own thread: the attacker's work must not delay its clock. */
export async function askForEver(
  { url, key }: { url: string; key: string },
  tell: (answer: object) => void,
) {
  const control = createServer((_, response) => response.end('{}')).listen(0, '127.0.0.1');
  await new Promise((resolve) => control.once('listening', resolve));
  // Listening on an address, not on a pipe.
  const { port } = control.address() as AddressInfo;
  const timed = async (address: string) => {
    const start = performance.now();
    const status = await fetch(address, { headers: { authorization: `Bearer ${key}` } })
      .then(async (response) => {
        await response.text();
        return response.status;
      })
      .catch(() => 0);
    return { ms: performance.now() - start, status };
  };
  for (;;) {
    const [own, other] = await Promise.all([
      timed(`${url}/v1/items?limit=5`),
      timed(`http://127.0.0.1:${port}/`),
    ]);
    tell({ answerMs: own.ms, controlMs: other.ms, status: own.status });
    await delay(PAUSE_MS);
  }
}
