import { type Client, ServiceError } from '@temporalio/client';
import { describe, expect, it } from 'vitest';
import { probeRun } from './worker-absence.ts';

/** A call of the engine that ended with a gRPC status, as its client reports it. */
function endedWith(code: number, message: string): ServiceError {
  const cause = Object.assign(new Error(message), { code, details: message, metadata: {} });
  return new ServiceError('Failed to query Workflow', { cause });
}

/** The client has more members than are asked here. */
function engineWith(query: () => Promise<unknown>): Client {
  const client: unknown = {
    withDeadline: <T>(_: number, call: () => Promise<T>) => call(),
    workflow: { getHandle: () => ({ query }) },
  };
  return client as Client;
}

const probe = (query: () => Promise<unknown>) =>
  probeRun(engineWith(query), 'item:itm_1', Date.now() + 2_000);

describe('a run that is asked where it is', () => {
  it.each([
    ['the deadline passed here', 4, 'Deadline exceeded after 2.000s', false],
    ['the deadline passed at the server, which reset the stream', 1, 'Call cancelled', false],
    ['nobody polls its queue', 9, 'no poller seen for task queue recently', false],
    ['it has not begun', 9, 'workflow is not ready', null],
    ['it is gone', 5, 'workflow not found', null],
    ['its worker refuses the question', 3, 'unknown query', true],
  ])('says by its answer whether it has a worker: %s', async (_, code, message, expected) => {
    expect(await probe(() => Promise.reject(endedWith(code, message)))).toBe(expected);
  });

  it('answers', async () => {
    expect(await probe(async () => ({}))).toBe(true);
  });

  it('is not judged when the engine is away', async () => {
    await expect(probe(() => Promise.reject(endedWith(14, 'unavailable')))).rejects.toThrow();
  });
});
