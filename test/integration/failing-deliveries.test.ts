import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Finding } from '../../src/domain/audit/finding.ts';
import { type EngineApi, openEngineApi } from '../support/engine-api.ts';
import { insertSubscription } from '../support/subscription-rows.ts';

let api: EngineApi;
beforeAll(async () => {
  api = await openEngineApi();
});
afterAll(() => api.close());

function makeSubscription(stopped: 'gone' | 'paused' | null, states: string[]) {
  const { db } = api.engine.deps;
  return insertSubscription(db, { ...api.engine.workspace, stopped, states });
}

async function failing(): Promise<Finding[]> {
  return (await api.ok('strategist', 'GET', '/v1/audit/stuck?code=delivery_failing')).items;
}

describe('deliveries', () => {
  it('are found failing, exhausted, or refused for good, with nothing of the secret address', async () => {
    const ids = {
      fails: await makeSubscription(null, ['failed']),
      exhausted: await makeSubscription(null, ['exhausted', 'exhausted']),
      gone: await makeSubscription('gone', []),
      paused: await makeSubscription('paused', ['failed']),
      waits: await makeSubscription(null, ['pending']),
    };
    const found = await failing();
    const bySubject = new Map(found.map((one) => [one.evidence['subscriptionId'], one.evidence]));
    expect(bySubject.get(ids.fails)).toMatchObject({ failing: 1, exhausted: 0, lastStatus: 500 });
    expect(bySubject.get(ids.exhausted)).toMatchObject({ failing: 0, exhausted: 2 });
    expect(bySubject.get(ids.gone)).toMatchObject({ stopped: 'gone' });
    expect(bySubject.get(ids.fails)).toMatchObject({ host: 'receiver.example:8443' });
    expect([...bySubject.keys()]).not.toContain(ids.paused);
    expect([...bySubject.keys()]).not.toContain(ids.waits);
    expect(JSON.stringify(found)).not.toMatch(/secret|pass|text/);
  });

  it('delivery_failing: what a receiver did not take is delivered again from the finding', async () => {
    const id = await makeSubscription(null, ['exhausted', 'failed']);
    const gone = await makeSubscription('gone', []);
    const findings = await failing();
    const findingOf = (subscription: string) =>
      findings.find(({ evidence }) => evidence['subscriptionId'] === subscription);
    const repair = (subscription: string, role: 'strategist' | 'editor', dryRun = false) =>
      api.as(role, 'POST', `/v1/audit/findings/${findingOf(subscription)?.id}/repairs`, {
        body: { repair: 'replay_delivery', reason: 'the receiver is back', dryRun },
      });
    const states = async () => {
      const { rows } = await api.engine.deps.db.$client.query(
        'select state, attempts from webhook_deliveries where subscription_id = $1',
        [id],
      );
      return rows;
    };
    const before = await states();
    expect((await repair(id, 'editor')).status).toBe(403);
    expect((await repair(id, 'strategist', true)).json).toMatchObject({ outcome: 'would' });
    expect(await states()).toEqual(before);
    const done = await repair(id, 'strategist');
    expect(done.json, done.text).toMatchObject({
      outcome: 'done',
      stillFound: false,
      result: { replayed: 2, failed: [] },
    });
    expect(await states()).toEqual(Array(2).fill({ state: 'pending', attempts: 0 }));
    expect((await repair(id, 'strategist')).status).toBe(409);
    const refused = await repair(gone, 'strategist');
    expect(refused.json).toMatchObject({ outcome: 'not_possible', error: expect.any(String) });
  });
});
