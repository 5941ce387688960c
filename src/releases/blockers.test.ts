import { type Client, ServiceError } from '@temporalio/client';
import { describe, expect, it } from 'vitest';
import { findBlockers } from './blockers.ts';

const ITEM = { workflowId: 'item:itm_1', buildId: 'a', startedAt: '2026-03-02T08:00:00.000Z' };

function endedWith(code: number): ServiceError {
  const cause = Object.assign(new Error('ended'), { code, details: 'ended', metadata: {} });
  return new ServiceError('it failed', { cause });
}

/** An engine whose questions to runs end with one gRPC status, and those about workers with another. */
function engineWith(ofRun: number, ofWorkers: number): Client {
  const client: unknown = {
    options: { namespace: 'default' },
    withDeadline: <T>(_: number, call: () => Promise<T>) => call(),
    workflow: { getHandle: () => ({ query: () => Promise.reject(endedWith(ofRun)) }) },
    workflowService: new Proxy({}, { get: () => () => Promise.reject(endedWith(ofWorkers)) }),
  };
  return client as Client;
}

async function whyOf(ofRun: number, ofWorkers: number): Promise<string | undefined> {
  const deps = { temporal: engineWith(ofRun, ofWorkers), taskQueue: 'baton' };
  const [blocker] = await findBlockers(deps, [ITEM]);
  return blocker?.why;
}

describe('an item that does not answer why it stays', () => {
  it.each([
    ['the deadline passed here', 4],
    ['the deadline passed at the server', 1],
    ['nobody polls its queue', 9],
  ])('has no worker: %s', async (_, code) => {
    expect(await whyOf(code, 14)).toBe('no worker of its build answers');
  });

  it('is told even when the engine goes away meanwhile', async () => {
    expect(await whyOf(14, 14)).toBe('it cannot be asked: the engine cannot be reached');
  });
});
