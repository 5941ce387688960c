import type { Client } from '@temporalio/client';
import { msToTs } from '@temporalio/common/lib/time.js';
import { describe, expect, it } from 'vitest';
import { findWorker } from './workers.ts';

const NOW_MS = Date.parse('2026-03-02T08:00:00.000Z');
const QUEUE = 'baton';

const ago = (seconds: number) => msToTs(NOW_MS - seconds * 1_000);

interface Signs {
  /** Seconds since the last poll for each kind of task; none without. */
  polled?: number;
  /** Null on a server that keeps no heartbeats. */
  beats?: { age: number; every?: number; stopped?: boolean }[] | null;
  /** Build of the worker, and where new runs go. */
  build?: string;
  current?: string;
  ramping?: string;
}

/** An engine that knows one worker. The client has more members than are asked here. */
function engineWith({ polled, beats = [], build, current, ramping }: Signs): Client {
  const version = (buildId?: string) =>
    buildId === undefined ? null : { deploymentName: QUEUE, buildId };
  const deploymentOptions = build === undefined ? null : { ...version(build), ...VERSIONED };
  const pollers =
    polled === undefined
      ? []
      : [{ identity: 'w1', lastAccessTime: ago(polled), deploymentOptions }];
  const versioningInfo = {
    currentDeploymentVersion: version(current),
    rampingDeploymentVersion: version(ramping),
  };
  const workflowService = {
    describeTaskQueue: async () => ({ pollers, versioningInfo }),
    listWorkers: async () => {
      if (beats === null) throw Object.assign(new Error('unimplemented'), UNIMPLEMENTED);
      return {
        workersInfo: beats.map(({ age, every = 10, stopped = false }) => ({
          workerHeartbeat: {
            taskQueue: QUEUE,
            deploymentVersion: version(build),
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

/** New runs go to two builds, and the worker is of the first. */
const RAMP: Signs = { build: 'a', current: 'a', ramping: 'b' };
/** How the engine says that a poller is of a build. */
const VERSIONED = { workerVersioningMode: 2 };

async function missing(signs: Signs, probe?: boolean | null, buildId?: string): Promise<string[]> {
  const found = await findWorker(engineWith(signs), {
    taskQueue: QUEUE,
    nowMs: NOW_MS,
    until: Date.now() + 2_000,
    buildId,
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

  const alive: Signs = { polled: 1, beats: [{ age: 1 }] };
  it.each<[string, Signs]>([
    ['is of the current build', { ...alive, build: 'b', current: 'b' }],
    ['is of no build, and neither are new runs', alive],
  ])('is there for new runs when it %s', async (_, signs) => {
    expect(await missing(signs)).toEqual([]);
  });

  it.each<[string, Signs]>([
    ['is of an earlier build', { ...alive, build: 'a', current: 'b' }],
    ['is of no build, and new runs are', { ...alive, current: 'b' }],
    ['is of a build before any is current', { ...alive, build: 'a' }],
    ['is not of the build that some of them go to', { ...alive, ...RAMP }],
  ])('is missing for new runs when it %s', async (_, signs) => {
    expect(await missing(signs)).toEqual(['workflow', 'activity']);
  });

  it('of an earlier build is there for the runs that are bound to it', async () => {
    const earlier: Signs = { ...alive, build: 'a', current: 'b' };
    expect(await missing(earlier, null, 'a')).toEqual([]);
    expect(await missing(earlier, null, 'b')).toEqual(['workflow', 'activity']);
  });
});
