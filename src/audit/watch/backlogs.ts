import {
  readDeliveryBacklog,
  readOutboxBacklog,
  type WaitingRows,
} from '../../db/audit/backlogs.ts';
import type { Observation } from '../../db/audit/findings.ts';
import { readWatch } from '../../db/audit/watches.ts';
import { findingId } from '../../domain/audit/finding.ts';
import { queueName, TASK_QUEUES } from '../../domain/task-queues.ts';
import { ASK_MS, whyNot } from '../../engine/ask.ts';
import { type Backlog, readBacklog } from '../../engine/backlogs.ts';
import { kindsOf } from '../../engine/workers.ts';
import {
  type EngineAnswer,
  type EngineDeps,
  type EngineQuestion,
  NOTHING,
  notAsked,
} from '../engine-answer.ts';

/** What waits longer than this is taken too slowly. */
const TASK_AGE_MS = 120_000;
/** The outbox is read as soon as something is in it. */
const OUTBOX_AGE_MS = 60_000;
/** A delivery is attempted when it is due. */
const DELIVERY_AGE_MS = 120_000;

/** Work that waits for too long, at this look. */
export interface Pressure {
  /** The same for the same queue. */
  of: string;
  evidence: Record<string, unknown>;
}

export interface Pressures {
  pressures: Pressure[];
  /** Queues that could not be asked, as `of` names them. */
  unasked: readonly string[];
  couldNotAsk: EngineAnswer['couldNotAsk'];
}

/** Since when each kind of work has waited too long, by `of`: what the look before saw. */
export type Pressing = Readonly<Record<string, string>>;

/** What waits too long: tasks of our queues, events that nobody takes from the outbox, deliveries. */
export async function findPressures(
  deps: EngineDeps,
  { workspaceId, now }: Pick<EngineQuestion, 'workspaceId' | 'now'>,
): Promise<Pressures> {
  const [queues, outbox, deliveries] = await Promise.all([
    readQueues(deps),
    readOutboxBacklog(deps.db, { workspaceId }),
    readDeliveryBacklog(deps.db, { workspaceId, now, afterMs: DELIVERY_AGE_MS }),
  ]);
  const pressures: Pressure[] = queues.backlogs
    .filter(({ ageMs }) => ageMs > TASK_AGE_MS)
    .map(({ taskQueue, kind, tasks, ageMs }) => ({
      of: nameOf({ taskQueue, kind }),
      evidence: { taskQueue, kind, waiting: tasks, oldestMs: ageMs, limitMs: TASK_AGE_MS },
    }));
  const ofRows = [
    pressureOfRows(outbox, { of: 'outbox', kind: 'event', limitMs: OUTBOX_AGE_MS, now }),
    pressureOfRows(deliveries, {
      of: 'deliveries',
      kind: 'delivery',
      limitMs: DELIVERY_AGE_MS,
      now,
    }),
  ];
  const { unasked, couldNotAsk } = queues;
  return { pressures: [...pressures, ...ofRows.flat()], unasked, couldNotAsk };
}

function pressureOfRows(
  { waiting, oldestAt }: WaitingRows,
  { of, kind, limitMs, now }: { of: string; kind: string; limitMs: number; now: string },
): Pressure[] {
  const oldestMs = oldestAt === null ? 0 : Date.parse(now) - Date.parse(oldestAt);
  if (oldestMs <= limitMs) return [];
  return [{ of, evidence: { taskQueue: of, kind, waiting, oldestMs, limitMs } }];
}

/** What waited too long at two looks in a row. */
export function growing(pressures: readonly Pressure[], before: Pressing): Observation[] {
  return pressures.flatMap(({ of, evidence }) => {
    const since = before[of];
    const code = 'backlog_growing' as const;
    return since === undefined
      ? []
      : [{ id: findingId(code, of), code, itemId: null, since, evidence }];
  });
}

/** What the next look is told. What pressed before, and could not be asked about now, still counts. */
export function pressingAfter(
  { pressures, unasked }: Pick<Pressures, 'pressures' | 'unasked'>,
  before: Pressing,
  now: string,
): Pressing {
  const kept = Object.entries(before).filter(([of]) => unasked.includes(of));
  const seen = pressures.map(({ of }) => [of, before[of] ?? now] as const);
  return Object.fromEntries([...kept, ...seen]);
}

const nameOf = ({ taskQueue, kind }: Pick<Backlog, 'taskQueue' | 'kind'>) => `${taskQueue} ${kind}`;

/** Of whoever asks between two looks: what waits too long now, and did at the last look. */
export async function growingBacklogs(
  deps: EngineDeps,
  question: EngineQuestion,
): Promise<EngineAnswer> {
  const { workspaceId } = question;
  const watch = await readWatch(deps.db, { workspaceId });
  // Nothing can have waited at a look that was never made.
  if (watch === null) return NOTHING;
  const { pressures, couldNotAsk } = await findPressures(deps, question);
  return { ...NOTHING, facts: growing(pressures, watch.pressing), couldNotAsk };
}

async function readQueues({
  temporal,
  taskQueue,
  memory,
}: EngineDeps): Promise<Omit<Pressures, 'pressures'> & { backlogs: Backlog[] }> {
  const until = Date.now() + ASK_MS;
  const asked = TASK_QUEUES.flatMap((queue) =>
    kindsOf(queue).map((kind) => ({ taskQueue: queueName(taskQueue, queue), kind, until })),
  );
  try {
    const backlogs = await memory.backlogs.get(taskQueue, () =>
      Promise.all(asked.map((one) => readBacklog(temporal, one))),
    );
    return { backlogs, unasked: [], couldNotAsk: [] };
  } catch (error) {
    const { couldNotAsk } = notAsked('the backlogs of the task queues', whyNot(error), [
      'backlog_growing',
    ]);
    return { backlogs: [], unasked: asked.map(nameOf), couldNotAsk };
  }
}
