import { afterAll, beforeAll, expect, it } from 'vitest';
import { judgeLateReadings } from '../../src/activities/late-readings.ts';
import { inWorkspace } from '../../src/db/workspace-scope.ts';
import { DECISIONS } from '../../src/domain/kpi/recommendation.ts';
import type { Json } from '../support/api-fixture.ts';
import { type EngineApi, openEngineApi } from '../support/engine-api.ts';
import { toKpiReview } from '../support/item-story.ts';

type Signer = 'strategist' | 'creator' | 'social_media_manager';

/** A campaign whose review is frozen while that of its one item waits, too. */
interface Reviewed {
  campaignId: string;
  itemId: string;
  review: Json;
}

const failed = (itemId: string, error: unknown) => {
  throw new Error(`${itemId} was not judged`, { cause: error });
};

let api: EngineApi;
beforeAll(async () => {
  api = await openEngineApi();
});
afterAll(() => api?.close());

async function review(): Promise<Reviewed> {
  const kpiTargets = [{ kpi: 'shares', target: 5, checkpoint: '+7d', primary: true }];
  const campaign = { name: 'Spring', goal: 'engage', kpiTargets };
  const { id: campaignId } = await api.ok('strategist', 'POST', '/v1/campaigns', campaign);
  const itemId = await api.engine.start({ campaignId });
  await toKpiReview(api.engine, itemId);
  const opened = await api.ok('strategist', 'POST', `/v1/campaigns/${campaignId}/kpi-review`, {});
  return { campaignId, itemId, review: opened };
}

const read = (campaignId: string) =>
  api.ok('creator', 'GET', `/v1/campaigns/${campaignId}/kpi-review`);
const sign = (role: Signer, { campaignId }: Reviewed, body: object) =>
  api.as(role, 'POST', `/v1/campaigns/${campaignId}/kpi-review/sign-offs`, {
    body: { role, ...body },
  });
const due = async ({ campaignId }: Reviewed, query = ''): Promise<Json[]> =>
  (await api.ok('creator', 'GET', `/v1/kpi-reviews?campaignId=${campaignId}${query}`)).items;

function otherThan(recommended: string): string {
  const other = DECISIONS.find((one) => one !== recommended && one !== 'extend_measurement');
  return String(other);
}

it('a campaign’s review is recommended by the table, and is among the steps due', async () => {
  const reviewed = await review();
  const { recommendation, hash, dueAt, combined } = reviewed.review;
  expect(recommendation).toMatchObject({
    row: expect.any(Number),
    input: { primary: combined.verdict, look: 'later', lasting: 'dated' },
  });
  expect(recommendation.decision).not.toBe('extend_measurement');
  expect(Date.parse(dueAt)).toBeGreaterThan(Date.now());

  const all = await due(reviewed);
  expect(all.map(({ kind, id }) => [kind, id]).sort()).toEqual([
    ['campaign', reviewed.campaignId],
    ['item', reviewed.itemId],
  ]);
  expect(all.map((step) => Date.parse(step.dueAt))).toEqual(
    all.map((step) => Date.parse(step.dueAt)).sort((a, b) => a - b),
  );
  const first = await api.ok(
    'creator',
    'GET',
    `/v1/kpi-reviews?campaignId=${reviewed.campaignId}&limit=1`,
  );
  const rest = await due(reviewed, `&limit=1&cursor=${encodeURIComponent(first.nextCursor)}`);
  expect([...first.items, ...rest]).toEqual(all);

  const ofCampaign = all.find(({ kind }) => kind === 'campaign');
  expect(ofCampaign).toMatchObject({
    title: 'Spring',
    dueAt,
    review: { hash, recommended: recommendation.decision },
    open: [
      {
        role: 'strategist',
        since: expect.any(String),
        reason: expect.stringMatching(/recommends/),
      },
    ],
  });
  expect(await due(reviewed, '&role=strategist')).toHaveLength(2);
  expect(await due(reviewed, '&role=creator')).toEqual([]);
  const stranger = await api.as('creator', 'GET', '/v1/kpi-reviews?campaignId=cmp_unknown');
  expect(stranger.json.items).toEqual([]);
});

it('a decision against it needs a comment and one more role, and goes back without', async () => {
  const reviewed = await review();
  const decision = otherThan(reviewed.review.recommendation.decision);
  const bare = await sign('strategist', reviewed, { decision });
  expect([bare.status, bare.json.unmet.map(({ code }: Json) => code)]).toEqual([
    409,
    ['decision_reasoned'],
  ]);
  const comment = 'the season is over';
  const decided = await sign('strategist', reviewed, { decision, comment });
  expect(decided.json).toMatchObject({ decision: { decision, isAgainst: true } });
  const waiting = (await due(reviewed, '&role=creator')).filter(({ kind }) => kind === 'campaign');
  expect(waiting[0]?.open.map(({ role }: Json) => role)).toEqual([
    'creator',
    'social_media_manager',
  ]);

  const dissent = { decision: 'dissent', comment: 'no' };
  expect((await sign('creator', reviewed, dissent)).status).toBe(200);
  const alone = await sign('social_media_manager', reviewed, dissent);
  expect(alone.json).toMatchObject({
    decision: null,
    signOffs: [],
    returned: [
      { role: 'strategist', decision, comment },
      { role: 'creator', decision: 'dissent' },
      { role: 'social_media_manager', decision: 'dissent' },
    ],
    missing: ['strategist', 'creator', 'social_media_manager'],
  });
  const path = `/v1/campaigns/${reviewed.campaignId}`;
  expect((await api.ok('creator', 'GET', path)).state).toBe('running');
  const again = (await due(reviewed, '&role=strategist')).find(({ kind }) => kind === 'campaign');
  expect(again?.open).toMatchObject([{ reason: expect.stringMatching(/decide again/) }]);
  const { rows } = await api.engine.deps.db.$client.query(
    `select payload -> 'data' ->> 'decision' as decision from outbox
     where type = 'campaign.review_returned' and payload -> 'data' ->> 'campaignId' = $1`,
    [reviewed.campaignId],
  );
  expect(rows).toEqual([{ decision }]);

  expect((await sign('creator', reviewed, { decision: 'agree' })).json.unmet[0].code).toBe(
    'strategist_decides_first',
  );
  await sign('strategist', reviewed, { decision, comment: 'it is, really' });
  await sign('creator', reviewed, { decision: 'dissent', comment: 'still no' });
  const last = await sign('social_media_manager', reviewed, { decision: 'agree' });
  expect(last.json).toMatchObject({ decision: { decision, isAgainst: true }, missing: [] });
  expect(last.json.returned).toHaveLength(3);
  expect((await api.ok('creator', 'GET', path)).state).toBe('closed');
  expect((await due(reviewed)).map(({ kind }) => kind)).toEqual(['item']);
});

it('the recommended decision needs neither, and stands against two dissents', async () => {
  const reviewed = await review();
  const { decision } = reviewed.review.recommendation;
  expect((await sign('strategist', reviewed, { decision })).status).toBe(200);
  const dissent = { decision: 'dissent', comment: 'no' };
  await sign('creator', reviewed, dissent);
  const last = await sign('social_media_manager', reviewed, dissent);
  expect(last.json).toMatchObject({
    decision: { decision, isAgainst: false },
    returned: [],
    missing: [],
  });
  const { state } = await api.ok('creator', 'GET', `/v1/campaigns/${reviewed.campaignId}`);
  expect(state).toBe('closed');
});

it('readings that come late show what they turn beside the review, and rewrite nothing of it', async () => {
  const reviewed = await review();
  const { campaignId, itemId } = reviewed;
  const { decision } = reviewed.review.recommendation;
  await sign('strategist', reviewed, { decision });
  await sign('creator', reviewed, { decision: 'agree' });
  await sign('social_media_manager', reviewed, { decision: 'agree' });
  const { changed, ...before } = await read(campaignId);
  expect(changed).toBeNull();

  const { readings } = {
    readings: (await api.ok('creator', 'GET', `/v1/items/${itemId}/readings?limit=200`)).items,
  };
  const shares = readings.find(
    ({ measure, checkpoint }: Json) => measure === 'shares' && checkpoint === '+7d',
  );
  const wasMet = shares.value >= 5;
  const state = (value: number, afterMs: number) =>
    api.ok('creator', 'POST', `/v1/items/${itemId}/readings`, {
      measure: 'shares',
      checkpoint: '+7d',
      publicationId: shares.publicationId,
      value,
      asOf: new Date(Date.parse(shares.asOf) + afterMs).toISOString(),
    });
  // On the same side of the target nothing is turned.
  await state(wasMet ? shares.value + 1 : 1, 1_000);
  expect((await read(campaignId)).changed).toBeNull();

  await state(wasMet ? 0 : 500, 2_000);
  const { workspaceId } = api.engine.workspace;
  await inWorkspace({ workspaceId }, () =>
    judgeLateReadings(api.engine.programDeps.db, { workspaceId, onFailure: failed }),
  );
  const { changed: turned, ...after } = await read(campaignId);
  expect(after).toEqual(before);
  const [was, is] = wasMet ? ['met', 'missed'] : ['missed', 'met'];
  const flip = { kpi: 'shares', checkpoint: '+7d', was, is };
  expect(turned.verdicts).toContainEqual(
    expect.objectContaining({ ...flip, scope: 'campaign', primary: true }),
  );
  expect(turned.items).toMatchObject([{ itemId, addendum: 1, afterSigning: true }]);
  expect(turned.items[0].flips).toContainEqual(expect.objectContaining({ ...flip, scope: 'item' }));

  const rolled = await api.ok(
    'creator',
    'GET',
    `/v1/campaigns/${campaignId}/kpis?kpi=shares&checkpoint=${encodeURIComponent('+7d')}`,
  );
  expect(rolled.items[0].checkpoints[0].kpis[0]).toMatchObject({ verdict: is, reviewed: was });
});
