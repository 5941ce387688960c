import type { Db } from '../db/client.ts';
import { acrossWorkspaces } from '../db/workspace-scope.ts';
import type { Engine } from './engine.ts';

export interface Readiness {
  ready: boolean;
  checks: {
    /** False while the process is stopping: it takes no new work. */
    accepting: boolean;
    database: boolean;
    engine: boolean;
    worker: { polls: boolean; lastSeenAt: string | null };
  };
}

const READY_FOR_MS = 2_000;
/** Who waits for a start asks again and again. */
const NOT_READY_FOR_MS = 250;
const TIMEOUT_MS = 2_500;

/**
 * Whether the API can do its work: database and engine reachable and a worker alive. One question at
 * a time is under way, and its answer holds for a while, however often it is asked.
 */
export function createReadiness({
  db,
  engine,
  isStopping,
  now = Date.now,
}: {
  db: Db;
  engine: Pick<Engine, 'findWorker'>;
  isStopping: () => boolean;
  now?: () => number;
}): () => Promise<Readiness> {
  let asked: { until: number; answer: Promise<Readiness['checks']> } | null = null;
  async function ask(): Promise<Readiness['checks']> {
    const [database, sighting] = await Promise.allSettled([
      inTime(acrossWorkspaces('no_workspace', () => db.$client.query('select 1'))),
      inTime(engine.findWorker()),
    ]);
    return {
      accepting: true,
      database: database.status === 'fulfilled',
      engine: sighting.status === 'fulfilled',
      worker: sighting.status === 'fulfilled' ? sighting.value : { polls: false, lastSeenAt: null },
    };
  }
  return async () => {
    asked = asked !== null && now() < asked.until ? asked : { until: Infinity, answer: ask() };
    const question = asked;
    const checks = { ...(await question.answer), accepting: !isStopping() };
    const { accepting, database, engine: reachable, worker } = checks;
    const works = database && reachable && worker.polls;
    if (question.until === Infinity) {
      question.until = now() + (works ? READY_FOR_MS : NOT_READY_FOR_MS);
    }
    return { ready: accepting && works, checks };
  };
}

async function inTime<T>(work: Promise<T>): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error('no answer in time')), TIMEOUT_MS);
  try {
    return await Promise.race([work, promise]);
  } finally {
    clearTimeout(timer);
  }
}
