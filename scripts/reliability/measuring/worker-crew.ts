import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import type { BoundProcess } from '../../local/bound-process.ts';
import type { Part } from '../replacements.ts';
import type { Site } from '../site.ts';

const AGAIN_MS = 1_000;
const Call = z.object({ at: z.string(), pid: z.int(), subject: z.string() });

/** Workers of which one dies now and then at an exact instant; another is started for each. */
export interface WorkerCrew {
  /** Kills by kind. */
  readonly kills: Record<string, number>;
  /** No more kills; resolves when every worker that was started polls. */
  end(): Promise<void>;
}

/**
 * @param chooses whether the worker that calls dies at this instant; it is asked once for each
 */
export async function startCrew(
  site: Site,
  { size, parts, chooses }: { size: number; parts: readonly Part[]; chooses: () => boolean },
): Promise<WorkerCrew> {
  const workers = new Map<number | undefined, BoundProcess>([[site.worker.pid, site.worker]]);
  const starting = new Set<Promise<void>>();
  const kills: Record<string, number> = {};
  const seen = new Set<string>();
  let isOver = false;
  /** A worker that starts while the engine is away ends again. */
  async function start(): Promise<void> {
    for (;;) {
      const worker = await site.startWorker(parts).catch(() => null);
      if (worker !== null) workers.set(worker.pid, worker);
      if (worker !== null || isOver) return;
      await delay(AGAIN_MS);
    }
  }
  function startAnother(): void {
    const begun: Promise<void> = start().finally(() => starting.delete(begun));
    starting.add(begun);
  }
  for (let count = 1; count < size; count += 1) startAnother();
  await Promise.all(starting);
  site.harness.onCall((body) => {
    const { at, pid, subject } = Call.parse(body);
    const instant = `${at} ${subject}`;
    if (seen.has(instant)) return;
    seen.add(instant);
    const worker = workers.get(pid);
    if (worker === undefined || !chooses()) return;
    workers.delete(pid);
    worker.kill();
    kills[`kill ${at}`] = (kills[`kill ${at}`] ?? 0) + 1;
    startAnother();
  });
  return {
    kills,
    async end() {
      isOver = true;
      site.harness.onCall(() => {});
      await Promise.all(starting);
    },
  };
}
