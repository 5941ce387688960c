import * as actItems from '../../src/db/campaign/act-items.ts';
import * as actRecord from '../../src/db/campaign/act-record.ts';
import * as acts from '../../src/db/campaign/acts.ts';
import * as campaignItems from '../../src/db/campaign/campaign-items.ts';
import * as lateChanges from '../../src/db/campaign/late-changes.ts';
import { readCampaignMeasures } from '../../src/db/campaign/measures.ts';
import { readProgress } from '../../src/db/campaign/progress.ts';
import * as steps from '../../src/db/campaign/review-steps.ts';
import * as reviews from '../../src/db/campaign/reviews.ts';
import * as runs from '../../src/db/campaign/runs.ts';
import type { Db } from '../../src/db/client.ts';
import { insertCampaign } from '../../src/db/workspace/campaigns.ts';
import type { FilledWorkspace } from './filled-workspace.ts';

/** A campaign with an act, a run and a review. */
export async function fillCampaign(db: Db, { own: workspaceId, ids }: FilledWorkspace) {
  const { memberId, itemId } = ids;
  const campaign = { workspaceId, name: 'Summer', goal: 'engage' as const, createdBy: memberId };
  const { id: campaignId } = await insertCampaign(db, campaign);
  const key = { workspaceId, campaignId };
  const act = await acts.insertAct(db, { ...key, kind: 'pause', reason: 'r', actor: memberId });
  await runs.wantLook(db, key);
  const body = { targets: [], verdicts: {} as never, itemIds: [] };
  await reviews.insertCampaignReview(db, {
    ...key,
    hash: 'h',
    body,
    dueAt: null,
    openedBy: 'system',
  });
  return { key, act, memberId, itemId };
}

const PACE = { graceMs: 0, lookMs: 0, pauseMs: { least: 0, most: 0 } };
const isSome = (counts: object) => Object.values(counts).some((count) => count > 0);

/** Every query about campaigns, on what is the filled workspace's own. */
export function campaignAttempts(
  db: Db,
  { key, act, memberId, itemId }: Awaited<ReturnType<typeof fillCampaign>>,
): Record<string, () => Promise<unknown>> {
  const signOff = {
    ...key,
    round: 1,
    role: 'creator' as const,
    memberId,
    decision: 'agree' as const,
    comment: null,
    learnings: null,
  };
  const late = { ...key, itemIds: [itemId], since: '2020-01-01T00:00:00.000Z' };
  const other = { ...key, campaignId: 'cmp_stolen' };
  const body = { targets: [], verdicts: {} as never, itemIds: [] };
  return {
    lockCampaign: () => acts.lockCampaign(db, key),
    holdCampaign: () => acts.holdCampaign(db, key),
    changeCampaign: () => acts.changeCampaign(db, { ...key, change: { name: 'stolen' } }),
    insertAct: () =>
      acts.insertAct(db, { ...key, kind: 'cancel', reason: 'stolen', actor: memberId }),
    latestAct: () => acts.latestAct(db, key),
    listCampaignActs: () => acts.listCampaignActs(db, { ...key, limit: 9 }),
    listOpenActs: () => acts.listOpenActs(db, key),
    settleActs: () => acts.settleActs(db, { ...key, ids: [act.id] }),
    listActItems: () => actItems.listActItems(db, act, { limit: 9 }),
    listLeftItems: () => actItems.listLeftItems(db, { ...key, limit: 9 }),
    hasPendingAsk: () => actItems.hasPendingAsk(db, key),
    countAct: async () => (await actRecord.countAct(db, act, { limit: 9 })).done > 0,
    pageActItems: () => actRecord.pageActItems(db, key),
    countApproved: async () => isSome(await campaignItems.countApproved(db, key)),
    listUntold: () =>
      campaignItems.listUntold(db, { ...key, word: 'campaign_cancelled', limit: 9 }),
    readCampaignMeasures: () => readCampaignMeasures(db, key),
    readProgress: async () => (await readProgress(db, { ...key, limit: 9 })).stages,
    wantLook: () => runs.wantLook(db, key),
    beginCampaignLook: () => runs.beginCampaignLook(db, key),
    endCampaignLook: async () =>
      !(await runs.endCampaignLook(db, { ...key, waitMs: 1, isBusy: false })).isOver,
    callCampaignsOf: () => runs.callCampaignsOf(db, { ...key, itemIds: [itemId] }),
    takeCalls: () => runs.takeCalls(db, { ...key, campaignIds: [key.campaignId], ...PACE }),
    hasLateReadings: () => lateChanges.hasLateReadings(db, late),
    listLateAddenda: () => lateChanges.listLateAddenda(db, { ...late, limit: 9 }),
    listDueSteps: async () => (await steps.listDueSteps(db, key)).items,
    countForReview: async () => isSome(await reviews.countForReview(db, key)),
    insertCampaignReview: () =>
      reviews.insertCampaignReview(db, {
        ...other,
        hash: 'h',
        body,
        dueAt: null,
        openedBy: 'system',
      }),
    getCampaignReview: () => reviews.getCampaignReview(db, key),
    listCampaignSignOffs: () => reviews.listCampaignSignOffs(db, key),
    insertCampaignSignOff: () => reviews.insertCampaignSignOff(db, signOff),
  };
}
