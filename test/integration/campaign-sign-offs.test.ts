import { afterAll, beforeAll, expect, it } from 'vitest';
import { listCampaignSignOffs } from '../../src/db/campaign/reviews.ts';
import { makeItem } from '../support/db-fixture.ts';
import { type IdleApi, openIdleApi } from '../support/idle-api.ts';

let api: IdleApi;
beforeAll(async () => {
  api = await openIdleApi();
});
afterAll(() => api?.close());

const call = (role: string, method: string, path: string, body?: object) =>
  api.as(role, method, path, body === undefined ? {} : { body });

it('the review of a campaign that was cancelled is not signed any more, and stays as it is', async () => {
  const { json: campaign } = await call('strategist', 'POST', '/v1/campaigns', {
    name: 'Given up',
    goal: 'engage',
  });
  const key = { workspaceId: api.workspace.workspaceId, campaignId: campaign.id };
  await makeItem(api.database.db, api.workspace, { campaignId: campaign.id, stage: 'closed' });
  const path = `/v1/campaigns/${campaign.id}`;
  const { json: review } = await call('strategist', 'POST', `${path}/kpi-review`, {});
  const { decision } = review.recommendation;
  const sign = (role: string, signed: string) =>
    call(role, 'POST', `${path}/kpi-review/sign-offs`, { role, decision: signed, comment: 'so' });
  expect((await sign('strategist', decision)).status).toBe(200);
  expect((await sign('creator', 'agree')).status).toBe(200);
  await call('strategist', 'POST', `${path}/cancel`, { reason: 'no product' });

  const last = await sign('social_media_manager', 'agree');
  expect(last.json).toMatchObject({
    status: 409,
    code: 'conflict',
    detail: 'the campaign is cancelled',
  });
  const signed = await listCampaignSignOffs(api.database.db, key);
  expect(signed.map(({ role }) => role)).toEqual(['strategist', 'creator']);
  const { json: after } = await call('creator', 'GET', path);
  expect(after.state).toBe('cancelled');
  const { rows } = await api.database.pool.query(`select closed_at from campaigns where id = $1`, [
    campaign.id,
  ]);
  expect(rows).toEqual([{ closed_at: null }]);
  const { json: kept } = await call('creator', 'GET', `${path}/kpi-review`);
  expect(kept).toMatchObject({ hash: review.hash, missing: ['social_media_manager'] });
});
