import { setTimeout as delay } from 'node:timers/promises';
import type { Db } from '../db/client.ts';
import { describeDatabaseError } from '../db/errors.ts';
import {
  listWaitingStreams,
  type OutboxRow,
  postponeStream,
  removeTold,
  type Stream,
  takeStreams,
} from '../db/outbound/outbox.ts';
import { inTransaction } from '../db/transaction.ts';
import type { WakeUps } from '../db/wake-ups.ts';
import { inWorkspace } from '../db/workspace-scope.ts';

/** Whoever has to hear of events. */
export interface OutboxConsumer {
  name: string;
  /**
   * Takes events of one workspace, in order per stream, in the transaction that removes them from the
   * outbox: writes rows and nothing else. A throw leaves the events for a later try.
   */
  take(tx: Db, events: readonly OutboxRow[]): Promise<void>;
  /** After the commit; it may be lost with its process, and a throw changes nothing. */
  afterCommit?(events: readonly OutboxRow[]): Promise<void>;
}

export interface DispatcherDeps {
  db: Db;
  wakeUps: Pick<WakeUps, 'next'>;
  consumers: readonly OutboxConsumer[];
  log: { warn(fields: { reason: string; stream?: string }, message: string): void };
}

export interface Dispatcher {
  /** Ends after the events in hand. */
  stop(): Promise<void>;
}

/** A wake-up that was missed delays an event by no more than that. */
const SWEEP_MS = 3_000;
const AFTER_FAILURE_MS = 1_000;
/** What comes so soon after an event is handed on with it: a look costs the same for one and for many. */
const GATHER_MS = 100;
/** Streams of one look, and events of each: a transaction of them takes some tens of milliseconds. */
const STREAMS = 200;
const PER_STREAM = 50;
const LONGEST_PAUSE_MS = 60_000;

/**
 * Hands what the outbox holds to its consumers and removes it. The only reader of the outbox. Any number
 * may run: a stream is in one hand at a time, so its order holds.
 */
export function startDispatcher(
  deps: DispatcherDeps,
  { sweepMs = SWEEP_MS }: { sweepMs?: number } = {},
): Dispatcher {
  const stopping = new AbortController();
  const { signal } = stopping;
  const stopped = new Promise<void>((resolve) => {
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
  const finished = (async () => {
    while (!signal.aborted) {
      // Asked before the look: what is added during it is not missed.
      const added = deps.wakeUps.next('baton_outbox');
      const outcome = await dispatchWaiting(deps).catch((error) => {
        warn(deps, error, 'the outbox could not be read');
        return 'failed' as const;
      });
      if (outcome === 'failed') await pause(AFTER_FAILURE_MS, signal);
      else if (outcome === 0) await Promise.race([added, stopped, pause(sweepMs, signal)]);
      // With so many a stream may hold more: nothing is gathered by a pause.
      if (outcome !== 'failed' && outcome < PER_STREAM) await pause(GATHER_MS, signal);
    }
  })();
  return {
    async stop() {
      stopping.abort();
      await finished;
    },
  };
}

/**
 * One look: hands on what waits in the streams that it finds.
 * @returns how many events were handed on.
 */
export async function dispatchWaiting(deps: DispatcherDeps): Promise<number> {
  const waiting = await listWaitingStreams(deps.db, { limit: STREAMS });
  let count = 0;
  for (const [workspaceId, streams] of Map.groupBy(waiting, (one) => one.workspaceId)) {
    count += await inWorkspace({ workspaceId }, () => dispatchAll(deps, streams));
  }
  return count;
}

/** Together; where that fails one by one, so that only what fails waits. */
async function dispatchAll(deps: DispatcherDeps, streams: readonly Stream[]): Promise<number> {
  try {
    return await handOn(deps, streams);
  } catch (error) {
    if (streams.length === 1) return postpone(deps, streams, error);
  }
  let count = 0;
  for (const stream of streams) {
    count += await handOn(deps, [stream]).catch((error) => postpone(deps, [stream], error));
  }
  return count;
}

async function handOn(deps: DispatcherDeps, streams: readonly Stream[]): Promise<number> {
  const { db, consumers } = deps;
  const [first] = streams;
  if (first === undefined) return 0;
  const { workspaceId } = first;
  const names = streams.map(({ stream }) => stream);
  const events = await inTransaction(db, async (tx) => {
    const taken = await takeStreams(tx, { workspaceId, streams: names, perStream: PER_STREAM });
    if (taken.length === 0) return taken;
    for (const consumer of consumers) await consumer.take(tx, taken);
    await removeTold(tx, { workspaceId, ids: taken.map(({ id }) => id) });
    return taken;
  });
  if (events.length === 0) return 0;
  for (const consumer of consumers) {
    await consumer.afterCommit?.(events).catch((error) => {
      warn(deps, error, `${consumer.name}: the events are stored, their work has not begun`);
    });
  }
  return events.length;
}

/** The pause grows with the failures of the stream, up to a minute. */
async function postpone(
  deps: DispatcherDeps,
  streams: readonly Stream[],
  error: unknown,
): Promise<number> {
  for (const { workspaceId, stream } of streams) {
    deps.log.warn(
      { reason: describeDatabaseError(error), stream },
      'events could not be handed on',
    );
    await postponeStream(deps.db, {
      workspaceId,
      stream,
      firstPauseMs: AFTER_FAILURE_MS,
      longestPauseMs: LONGEST_PAUSE_MS,
    });
  }
  return 0;
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await delay(ms, null, { signal }).catch(() => {});
}

function warn({ log }: DispatcherDeps, error: unknown, message: string): void {
  log.warn({ reason: describeDatabaseError(error) }, message);
}
