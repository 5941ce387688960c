import type { Client } from '@temporalio/client';
import { msToTs } from '@temporalio/common/lib/time.js';
import { describe, expect, it } from 'vitest';
import { ACTIVITY_KINDS, findWorker, RUN_KINDS } from './workers.ts';

const NOW_MS = Date.parse('2026-03-02T08:00:00.000Z');
const QUEUE = 'baton';

const ago = (seconds: number) => msToTs(NOW_MS - seconds * 1_000);

interface Signs {
  /** Seconds since the last poll for each kind of task; none without. */
  polled?: number;
  /** Null on a server that keeps no heartbeats. */
  beats?: { age: number; every?: number; stopped?: boolean }[] | null;
}

/** An engine that knows one worker. The client has more members than are asked here. */
function engineWith({ polled, beats = [] }: Signs): Client {
  const pollers = polled === undefined ? [] : [{ identity: 'w1', lastAccessTime: ago(polled) }];
  const workflowService = {
    describeTaskQueue: async () => ({ pollers }),
    listWorkers: async () => {
      if (beats === null) throw Object.assign(new Error('unimplemented'), UNIMPLEMENTED);
      return {
        workersInfo: beats.map(({ age, every = 10, stopped = false }) => ({
          workerHeartbeat: {
            taskQueue: QUEUE,
            workerIdentity: 'w1',
            heartbeatTime: ago(age),
            elapsedSinceLastHeartbeat: msToTs(every * 1_000),
            status: stopped ? 3 : 1,
          },
        })),
      };
    },
  };
  const withDeadline = (_: number, call: () => Promise<unknown>) => call();
  return {
    options: { namespace: 'default' },
    workflowService,
    withDeadline,
  } as unknown as Client;
}

/** What makes an error one of gRPC, with the status of a method that the server does not have. */
const UNIMPLEMENTED = { code: 12, details: '', metadata: {} };

async function missing(signs: Signs, probe?: boolean | null, kinds = RUN_KINDS): Promise<string[]> {
  const found = await findWorker(engineWith(signs), {
    taskQueue: QUEUE,
    kinds,
    nowMs: NOW_MS,
    until: Date.now() + 2_000,
    ...(probe !== undefined && { probe: async () => probe }),
  });
  return found.missing;
}

describe('a worker', () => {
  it.each<[string, Signs]>([
    ['polled a moment ago', { polled: 1 }],
    ['is idle and its heart beats', { polled: 59, beats: [{ age: 9 }] }],
    ['has a heart that beats once a minute', { polled: 50, beats: [{ age: 80, every: 60 }] }],
    ['is idle on a server that keeps no heartbeats', { polled: 70, beats: null }],
  ])('is there when it %s', async (_, signs) => {
    expect(await missing(signs)).toEqual([]);
  });

  it.each<[string, Signs]>([
    ['was never seen', {}],
    ['has not given a heartbeat for half a minute', { polled: 40, beats: [{ age: 31 }] }],
    ['died before its first heartbeat', { polled: 31 }],
    ['has not polled for 75 s on a server that keeps no heartbeats', { polled: 76, beats: null }],
    ['said good-bye', { polled: 2, beats: [{ age: 2, stopped: true }] }],
  ])('is missing when it %s', async (_, signs) => {
    expect(await missing(signs)).toEqual(['workflow', 'activity']);
  });

  it('that is quiet answers for itself, and is missing when it does not', async () => {
    const quiet: Signs = { polled: 25, beats: [{ age: 25 }] };
    expect(await missing(quiet)).toEqual([]);
    expect(await missing(quiet, true)).toEqual([]);
    expect(await missing(quiet, false)).toEqual(['workflow', 'activity']);
    expect(await missing(quiet, null)).toEqual([]);
  });

  it('of a queue without runs is missing for its activities only', async () => {
    expect(await missing({}, undefined, ACTIVITY_KINDS)).toEqual(['activity']);
    expect(await missing({ polled: 1 }, undefined, ACTIVITY_KINDS)).toEqual([]);
  });
});
