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
import { insertCommand } from '../../src/db/item/commands.ts';
import { projectEvents } from '../../src/db/item/projection.ts';
import { insertCampaign } from '../../src/db/workspace/campaigns.ts';
import { actCommandId, type CampaignKey } from '../../src/domain/campaign/campaign-run.ts';
import { makeChain, makeItem } from './db-fixture.ts';
import type { FilledWorkspace } from './filled-workspace.ts';
import { attemptsOf, type Read } from './reads.ts';

export interface FilledCampaign {
  key: CampaignKey;
  act: acts.CampaignActRow;
  /** Of another one, in which nothing has happened. */
  newCampaignId: string;
  memberId: string;
  /** In no campaign of these, with a late reading and an addendum. */
  lateItemId: string;
  /** In the campaign. */
  itemId: string;
}

/** A campaign whose pause has reached one item, waits for another and holds one that has left; its review is signed once. */
export async function fillCampaign(
  db: Db,
  { own: workspaceId, ids }: FilledWorkspace,
): Promise<FilledCampaign> {
  const { memberId } = ids;
  const workspace = { workspaceId, memberOf: () => memberId };
  const campaign = { workspaceId, name: 'Summer', goal: 'engage' as const, createdBy: memberId };
  const { id: campaignId } = await insertCampaign(db, campaign);
  const key = { workspaceId, campaignId };
  const act = await acts.insertAct(db, { ...key, kind: 'pause', reason: 'r', actor: memberId });
  const { id: newCampaignId } = await insertCampaign(db, { ...campaign, name: 'Autumn' });
  await runs.wantLook(db, key);
  await runs.beginCampaignLook(db, key);
  const { id: itemId } = await makeItem(db, workspace, { campaignId });
  const reached = await makeItem(db, workspace, { campaignId });
  await hold(db, act, { itemId: reached.id, isAnswered: true });
  await hold(db, act, { itemId, isAnswered: false });
  const left = await makeItem(db, workspace);
  await hold(db, act, { itemId: left.id, isAnswered: true });
  // As its row says once it is on hold since that command.
  await db.$client.query(
    `update items set stage = 'on_hold', snapshot = jsonb_set(snapshot, '{context,held}',
       (select jsonb_build_object('at', at) from item_events where item_id = $1 and seq = 1))
     where id = $1`,
    [left.id],
  );
  await reviews.insertCampaignReview(db, { ...key, ...REVIEW });
  await reviews.insertCampaignSignOff(db, { ...key, ...signOff(memberId) });
  return { key, act, newCampaignId, memberId, itemId, lateItemId: ids.itemId };
}

const REVIEW = {
  hash: 'h',
  body: { targets: [], verdicts: {} as never, itemIds: [] },
  dueAt: null,
  openedBy: 'system',
};

function signOff(memberId: string) {
  const role = 'creator' as const;
  const decision = 'agree' as const;
  return { round: 1, role, memberId, decision, comment: null, learnings: null };
}

/** The command by which an act asks an item to hold. */
async function hold(
  db: Db,
  { id: actId, workspaceId, actor: actorId }: acts.CampaignActRow,
  { itemId, isAnswered }: { itemId: string; isAnswered: boolean },
): Promise<void> {
  const id = actCommandId(actId, itemId, 1);
  const item = { workspaceId, itemId };
  await insertCommand(db, {
    ...item,
    id,
    actorId,
    source: 'campaign',
    type: 'hold',
    payload: {},
    bodyHash: 'b',
    expiresAt: '2030-01-01T00:00:00.000Z',
  });
  if (!isAnswered) return;
  const command = { id, seq: 1, answer: {} };
  await projectEvents(db, { ...item, events: makeChain(1), command });
}

const PACE = { graceMs: 0, lookMs: 0, pauseMs: { least: 0, most: 0 } };
const isSome = (counts: object) => Object.values(counts).some((count) => count > 0);

/** Each query about campaigns, asked by a workspace. */
export function campaignReads(
  db: Db,
  { key: { campaignId }, act, lateItemId }: FilledCampaign,
): Record<string, Read> {
  const late = { itemIds: [lateItemId], since: '2020-01-01T00:00:00.000Z' };
  const of = (workspaceId: string) => ({ workspaceId, campaignId });
  const word = 'campaign_cancelled' as const;
  return {
    lockCampaign: (id) => acts.lockCampaign(db, of(id)),
    holdCampaign: (id) => acts.holdCampaign(db, of(id)),
    latestAct: (id) => acts.latestAct(db, of(id)),
    listCampaignActs: (id) => acts.listCampaignActs(db, { ...of(id), limit: 9 }),
    listOpenActs: (id) => acts.listOpenActs(db, of(id)),
    listActItems: (id) => actItems.listActItems(db, { ...act, workspaceId: id }, { limit: 9 }),
    listLeftItems: (id) => actItems.listLeftItems(db, { ...of(id), limit: 9 }),
    hasPendingAsk: (id) => actItems.hasPendingAsk(db, of(id)),
    countAct: async (id) =>
      (await actRecord.countAct(db, { ...act, workspaceId: id }, { limit: 9 })).done > 0,
    pageActItems: (id) => actRecord.pageActItems(db, of(id)),
    countApproved: async (id) => isSome(await campaignItems.countApproved(db, of(id))),
    listUntold: (id) => campaignItems.listUntold(db, { ...of(id), word, limit: 9 }),
    readCampaignMeasures: async (id) => (await readCampaignMeasures(db, of(id))).itemIds,
    readProgress: async (id) => (await readProgress(db, { ...of(id), limit: 9 })).stages,
    hasLateReadings: (id) => lateChanges.hasLateReadings(db, { ...late, workspaceId: id }),
    listLateAddenda: (id) =>
      lateChanges.listLateAddenda(db, { ...late, workspaceId: id, limit: 9 }),
    listDueSteps: (id) => steps.listDueSteps(db, of(id)),
    countForReview: async (id) => isSome(await reviews.countForReview(db, of(id))),
    getCampaignReview: (id) => reviews.getCampaignReview(db, of(id)),
    listCampaignSignOffs: (id) => reviews.listCampaignSignOffs(db, of(id)),
  };
}

/** The same with what changes campaigns, on what is the filled workspace's own. */
export function campaignAttempts(
  db: Db,
  filled: FilledCampaign,
): Record<string, () => Promise<unknown>> {
  const { key, act, newCampaignId, memberId, itemId } = filled;
  return {
    ...attemptsOf(campaignReads(db, filled), key),
    changeCampaign: () => acts.changeCampaign(db, { ...key, change: { name: 'stolen' } }),
    insertAct: () =>
      acts.insertAct(db, { ...key, kind: 'cancel', reason: 'stolen', actor: memberId }),
    settleActs: () => acts.settleActs(db, { ...key, ids: [act.id] }),
    wantLook: () => runs.wantLook(db, key),
    beginCampaignLook: () => runs.beginCampaignLook(db, key),
    endCampaignLook: async () =>
      !(await runs.endCampaignLook(db, { ...key, waitMs: 1, isSaid: false })).isOver,
    callCampaignsOf: () => runs.callCampaignsOf(db, { ...key, itemIds: [itemId] }),
    takeCalls: () => runs.takeCalls(db, { ...key, campaignIds: [key.campaignId], ...PACE }),
    insertCampaignReview: () =>
      reviews.insertCampaignReview(db, { ...key, ...REVIEW, campaignId: newCampaignId }),
    insertCampaignSignOff: () =>
      reviews.insertCampaignSignOff(db, { ...key, ...signOff(memberId), round: 2 }),
  };
}
