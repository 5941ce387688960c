import { afterAll, beforeAll, expect, it } from 'vitest';
import { addOutboxEvent } from '../../src/db/outbound/outbox.ts';
import { type CampaignApi, openCampaignApi } from '../support/campaign-api.ts';
import { makeItem } from '../support/db-fixture.ts';
import { eventually } from '../support/eventually.ts';

let api: CampaignApi;
beforeAll(async () => {
  api = await openCampaignApi();
});
afterAll(() => api?.close());

/** Events of a run by type, but for those of its tasks: how often a worker is asked is its own matter. */
async function eventsOf(workflowId: string): Promise<Record<string, number>> {
  const { events } = await api.engine.deps.temporal.workflow.getHandle(workflowId).fetchHistory();
  const counts: Record<string, number> = {};
  for (const { eventType } of events ?? []) {
    const type = String(eventType);
    counts[type] = (counts[type] ?? 0) + 1;
  }
  return Object.fromEntries(Object.entries(counts).filter(([type]) => !WORKFLOW_TASKS.has(type)));
}

/** `EVENT_TYPE_WORKFLOW_TASK_SCHEDULED` to `…_FAILED`. */
const WORKFLOW_TASKS = new Set(['5', '6', '7', '8', '9']);
const SIGNALED = '26';
const ACTIVITY_SCHEDULED = '10';
const ACTIVITY_COMPLETED = '12';
const TIMER_STARTED = '17';
const TIMER_FIRED = '18';

/** Its last look is over, and so is the pause after it: it waits to be called. */
async function atRest(campaignId: string): Promise<Record<string, number>> {
  await api.atRest(campaignId);
  return eventually(
    async () => {
      const events = await eventsOf(`campaign:${campaignId}`);
      const looks = events[ACTIVITY_COMPLETED] ?? 0;
      // A look is in the tables before it is in the history.
      const isOver = events[ACTIVITY_SCHEDULED] === looks;
      const isPaused = events[TIMER_STARTED] === 2 * looks && events[TIMER_FIRED] === looks;
      return isOver && isPaused ? events : null;
    },
    { what: `${campaignId}: a run at rest` },
  );
}

/** What the engine writes into the run of a campaign while each of its items changes once. */
async function costOf(items: number): Promise<Record<string, number>> {
  const { engine } = api;
  const { db } = engine.deps;
  const { workspaceId } = engine.workspace;
  const campaignId = await api.makeCampaign({ name: `Of ${items}` });
  const ids: string[] = [];
  while (ids.length < items) {
    ids.push((await makeItem(db, engine.workspace, { campaignId })).id);
  }
  const before = await atRest(campaignId);
  const called = api.calls.length;
  // Nobody looks meanwhile: otherwise the number of looks would be that of the time it takes.
  await engine.stopWorker();
  try {
    for (const itemId of ids) {
      const payload = { at: new Date().toISOString(), actor: 'system', data: { to: 'scheduling' } };
      await addOutboxEvent(db, { workspaceId, itemId, type: 'item.stage_changed', payload });
    }
    await eventually(
      async () => {
        const { rows } = await db.$client.query('select count(*)::integer as left from outbox');
        return rows[0]?.left === 0;
      },
      { what: 'every change dispatched' },
    );
  } finally {
    await engine.startWorker();
  }
  const after = await atRest(campaignId);
  expect(api.calls.slice(called)).toEqual([{ workspaceId, campaignId }]);
  return Object.fromEntries(
    Object.entries(after).map(([type, count]) => [type, count - (before[type] ?? 0)]),
  );
}

it('200 items that change cost the run of their campaign what 50 cost: one signal and one look', async () => {
  const ofFew = await costOf(50);
  const ofMany = await costOf(200);
  expect(ofMany).toEqual(ofFew);
  expect(ofFew[SIGNALED]).toBe(1);
  expect(ofFew[ACTIVITY_COMPLETED]).toBe(1);
}, 300_000);
