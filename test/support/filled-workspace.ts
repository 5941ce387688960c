import {
  archiveHistory,
  readArchivedHistories,
  readArchivedHistory,
} from '../../src/db/audit/archived-histories.ts';
import { readOutboxBacklog } from '../../src/db/audit/backlogs.ts';
import { listChainMarks, readChains } from '../../src/db/audit/chains.ts';
import * as checkpoints from '../../src/db/audit/checkpoints.ts';
import * as evidence from '../../src/db/audit/evidence.ts';
import { findInTables, TABLE_CODES } from '../../src/db/audit/findings.ts';
import { listRepairs, recordRepair } from '../../src/db/audit/repairs.ts';
import { countOpenItems, listAuditRows, readItems, readWaits } from '../../src/db/audit/rows.ts';
import {
  beginLook,
  listFindings,
  listOpenFindings,
  listWorstFindings,
  openFindings,
} from '../../src/db/audit/stored-findings.ts';
import { readWatch } from '../../src/db/audit/watches.ts';
import {
  findBlackouts,
  insertBlackout,
  listBlackouts,
  removeBlackout,
} from '../../src/db/calendar/blackouts.ts';
import { listCalendar, readFeed, readFeedVersion } from '../../src/db/calendar/calendar.ts';
import {
  countCalendarFeeds,
  createCalendarFeed,
  listCalendarFeeds,
  revokeCalendarFeed,
} from '../../src/db/calendar/calendar-feeds.ts';
import {
  listChannelSchedules,
  NO_SCHEDULE,
  saveChannelSchedule,
} from '../../src/db/calendar/channel-schedules.ts';
import { insertFreeze, liftFreeze, listFreezes } from '../../src/db/calendar/freezes.ts';
import type { Db } from '../../src/db/client.ts';
import * as approvalLinks from '../../src/db/item/approval-links.ts';
import { sumCells } from '../../src/db/item/cell-sums.ts';
import * as checkpointReplies from '../../src/db/item/checkpoint-replies.ts';
import { readCommandContext, readContextOfLink } from '../../src/db/item/command-context.ts';
import * as commands from '../../src/db/item/commands.ts';
import * as comments from '../../src/db/item/comments.ts';
import * as itemEvents from '../../src/db/item/item-events.ts';
import * as items from '../../src/db/item/items.ts';
import * as kpiAddenda from '../../src/db/item/kpi-addenda.ts';
import * as kpiFigures from '../../src/db/item/kpi-figures.ts';
import * as kpiReviews from '../../src/db/item/kpi-reviews.ts';
import { listMeasuredItems, listPostsOut } from '../../src/db/item/posts-out.ts';
import { projectEvents } from '../../src/db/item/projection.ts';
import * as readings from '../../src/db/item/readings.ts';
import { readTimeline } from '../../src/db/item/timeline.ts';
import * as versions from '../../src/db/item/versions.ts';
import * as channelBudgets from '../../src/db/publishing/channel-budgets.ts';
import { listOccupancy } from '../../src/db/publishing/publications.ts';
import * as publishIntents from '../../src/db/publishing/publish-intents.ts';
import * as remotePosts from '../../src/db/publishing/remote-posts.ts';
import * as sendLeases from '../../src/db/publishing/send-leases.ts';
import { inTransaction } from '../../src/db/transaction.ts';
import * as apiKeys from '../../src/db/workspace/api-keys.ts';
import * as assets from '../../src/db/workspace/assets.ts';
import * as campaigns from '../../src/db/workspace/campaigns.ts';
import * as channelAccounts from '../../src/db/workspace/channel-accounts.ts';
import * as members from '../../src/db/workspace/members.ts';
import * as playbooks from '../../src/db/workspace/playbooks.ts';
import { countUsed, QuotaExceeded, requireRoom } from '../../src/db/workspace/quotas.ts';
import { listSealedSecrets } from '../../src/db/workspace/sealed-secrets.ts';
import * as webhookEndpoints from '../../src/db/workspace/webhook-endpoints.ts';
import { getWorkspace } from '../../src/db/workspace/workspaces.ts';
import { chainEvents } from '../../src/domain/item/event.ts';
import { firstRow, makeChain, makeCommand, makeItem, makeWorkspace } from './db-fixture.ts';
import type { Read } from './reads.ts';
import { fillReview, reviewReads } from './review-queries.ts';
import { CHECKPOINT } from './unsigned-checkpoint.ts';

/** All that a query gives page by page. */
export async function collected<Row>(pages: AsyncIterable<Row[]>): Promise<Row[]> {
  const rows: Row[] = [];
  for await (const page of pages) rows.push(...page);
  return rows;
}

export interface FilledWorkspace {
  own: string;
  foreign: string;
  /** What stands in it. */
  ids: Record<
    'itemId' | 'memberId' | 'channelAccountId' | 'apiKeyId' | 'intentKey' | 'commandId',
    string
  >;
  /** Every way to read something by id or by list. */
  reads: (db: Db) => Record<string, Read>;
  /** Changes that must find nothing to change under the other workspace's id. */
  writes: (db: Db) => Record<string, Read>;
}

/** One row of everything in a workspace, and every way to read or change it by id. */
export async function fillWorkspace(db: Db): Promise<FilledWorkspace> {
  const workspace = await makeWorkspace(db);
  const other = await makeWorkspace(db);
  const { workspaceId } = workspace;
  const memberId = workspace.memberOf('creator');
  const channelAccountId = workspace.channelAccounts[0]?.channelAccountId ?? '';
  const campaign = await campaigns.insertCampaign(db, {
    workspaceId,
    name: 'Spring',
    goal: 'attract',
    createdBy: memberId,
  });
  const { id: itemId } = await makeItem(db, workspace, {
    dueAt: '2026-01-01T00:00:00.000Z',
    campaignId: campaign.id,
    waitingOn: [{ role: 'creator', memberId, for: 'submit_for_review' }],
  });
  const item = { workspaceId, itemId };
  const chain = makeChain(2, { commandId: 'http:key_a:isolated' });
  const row = { ...firstRow(workspace, itemId, 3), dueAt: '2026-01-01T00:00:00.000Z' };
  await projectEvents(db, { ...item, events: chain.slice(1) });
  const version = { ...item, hash: 'h', authorId: memberId };
  await versions.saveBrief(db, { ...version, body: { formats: ['written'] } });
  await versions.saveDraft(db, {
    ...version,
    body: { language: 'en', title: 't', body: '', assets: [], variants: [], contributors: [] },
  });
  const pending = await makeCommand(db, workspace, itemId);
  const refused = await makeCommand(db, workspace, itemId);
  const attempt = (await commands.takeFence(db, refused)) ?? 0;
  await commands.storeRefusal(db, { ...refused, attempt, unmet: [] });
  await projectEvents(db, { ...item, events: [], command: { id: refused.id, seq: 9, answer: {} } });
  await comments.insertComment(db, {
    ...item,
    authorId: memberId,
    visibility: 'internal',
    text: 'hello',
  });
  const signed = await makeCommand(db, workspace, itemId);
  await comments.insertComment(db, {
    ...item,
    authorId: memberId,
    visibility: 'internal',
    kind: 'learnings',
    text: 'learned',
    commandId: signed.id,
  });
  await fillReview(db, { ...item, memberId, commandId: signed.id });
  const signOff = { role: 'creator', reviewId: `rev_${itemId}`, commandId: signed.id };
  const head = { seq: 2, hash: chain[1]?.hash ?? '' };
  const stamp = { at: '2026-03-02T08:00:01.000Z', actor: memberId };
  await projectEvents(db, {
    ...item,
    events: chainEvents(
      head,
      [
        { type: 'kpi_review.signed_off', data: signOff },
        { type: 'item.stage_changed', data: { from: 'kpi_review', to: 'closed' } },
      ],
      stamp,
    ),
    command: { id: signed.id, seq: 3, answer: {} },
  });
  await assets.insertAsset(db, {
    workspaceId,
    hash: 'h',
    kind: 'visual',
    mediaType: 'image/png',
    size: 1,
    createdBy: memberId,
  });
  const intent = { workspaceId, intentKey: `key-${itemId}` };
  await publishIntents.planIntent(db, {
    ...item,
    ...intent,
    publicationId: 'pub_1',
    channelAccountId,
    slotNumber: 1,
    marker: 'm',
    contentHash: 'h',
    dueAt: '2026-01-01T00:00:00.000Z',
  });
  const text = { position: 0, likeness: 'alike', firstAttemptAt: '2026-01-01T00:00:00.000Z' };
  await db.$client.query('update publish_intents set segments = $2 where intent_key = $1', [
    intent.intentKey,
    JSON.stringify([{ ...text, state: 'unknown', remoteId: null }]),
  ]);
  const post = { ...item, channelAccountId, publicationId: 'pub_1', remoteId: 'post_1' };
  await remotePosts.holdStatedPost(db, post);
  const another = { channelAccountId, itemId: 'itm_other', publicationId: 'pub_other' };
  const budget = { workspaceId, channelAccountId };
  await channelBudgets.banAccount(db, { ...budget, forMs: 60_000 });
  await readings.appendReadings(db, {
    ...item,
    additions: [
      {
        measure: 'impressions',
        value: 1,
        source: 'manual',
        createdBy: memberId,
        provisional: false,
        asOf: '2026-01-01T00:00:00.000Z',
      },
    ],
  });
  await kpiReviews.freezeKpiReview(db, {
    ...item,
    id: `rev_${itemId}`,
    number: 1,
    hash: 'h',
    body: {},
  });
  const part = { scope: 'item', kind: 'item', channels: 'sandbox' } as const;
  const piece = { formats: 'written', parts: [{ ...part, publishedAt: '2026-01-01T00:00:00Z' }] };
  const values = { 'shares:shares': 3, 'growth:impressions': 7 };
  const figures = [{ scope: 'item', ageHours: 168, figures: values }] as const;
  await kpiFigures.saveFigures(db, { ...item, ...piece, figures });
  const reply = { publicationId: 'pub_1', checkpoint: '+24h', source: 'sandbox' };
  await checkpointReplies.noteFailure(db, {
    key: { ...item, ...reply },
    at: '2026-01-01T00:00:00.000Z',
    state: 'waits',
    reason: 'r',
    askAfter: null,
  });
  await checkpointReplies.storeAnswer(db, {
    key: { ...item, ...reply, source: 'ga4' },
    at: '2026-01-01T00:00:00.000Z',
    readings: [],
    settleAt: '2026-01-01T00:00:00.000Z',
  });
  await kpiAddenda.insertAddendum(db, {
    ...item,
    id: `rev_${itemId}_a1`,
    reviewNumber: 1,
    number: 1,
    hash: 'h',
    body: {},
  });
  // The review is frozen by now: this one is late.
  await readings.appendReadings(db, {
    ...item,
    additions: [
      {
        measure: 'impressions',
        value: 2,
        source: 'manual',
        createdBy: memberId,
        provisional: false,
        asOf: '2026-01-02T00:00:00.000Z',
      },
    ],
  });
  const endpoint = await webhookEndpoints.insertWebhookEndpoint(db, {
    workspaceId,
    kind: 'standard',
    name: 'w',
    memberId,
    decisions: ['sign_off'],
    sealedSecret: 's',
  });
  const slackEndpoint = await webhookEndpoints.insertWebhookEndpoint(db, {
    workspaceId,
    kind: 'slack',
    name: 's',
    memberId: null,
    decisions: ['sign_off'],
    sealedSecret: 's',
  });
  const key = await apiKeys.createApiKey(db, { workspaceId, memberId, name: 'k' });
  await archiveHistory(db, { ...item, runId: 'run', history: '{}' });
  await checkpoints.insertCheckpoint(db, { ...CHECKPOINT, workspaceId }, []);
  await recordRepair(db, {
    workspaceId,
    findingId: 'fnd_1',
    findingCode: 'overdue',
    itemId,
    repair: 'reassign',
    reason: 'r',
    actorId: memberId,
    outcome: {},
  });
  const look = {
    workspaceId,
    lookedAt: '2026-01-01T00:00:00.000Z',
    couldNotAsk: [],
    pressing: {},
    unknown: [],
    seen: [
      {
        id: 'fnd_1',
        code: 'overdue' as const,
        severity: 'warning' as const,
        rank: 1,
        itemId,
        since: '2026-01-01T00:00:00.000Z',
        waitingOn: [],
        evidence: {},
      },
    ],
  };
  await beginLook(db, look);
  await openFindings(db, look);
  const link = await approvalLinks.createApprovalLink(db, {
    ...item,
    role: 'legal',
    contentHash: 'h',
    approvalSet: 1,
    name: 'Ada',
    email: 'ada@lawyers.example',
    issuedBy: memberId,
    expiresAt: '2026-02-01T00:00:00.000Z',
  });
  const endpointId = endpoint.id;
  const feed = await createCalendarFeed(db, {
    workspaceId,
    memberId,
    channelAccountId: null,
    campaignId: null,
  });
  await saveChannelSchedule(db, {
    workspaceId,
    channelAccountId,
    updatedBy: memberId,
    schedule: NO_SCHEDULE,
  });
  const range = { from: '2026-01-01T00:00:00.000Z', to: '2026-02-01T00:00:00.000Z' };
  const blackout = await inTransaction(db, (tx) =>
    insertBlackout(tx, {
      workspaceId,
      createdBy: memberId,
      reason: 'r',
      channel: null,
      channelAccountId: null,
      startsAt: range.from,
      endsAt: range.to,
    }),
  );
  await inTransaction(db, (tx) =>
    insertFreeze(tx, { workspaceId, reason: 'r', frozenBy: memberId }),
  );
  await db.$client.query(
    `insert into publications (id, workspace_id, item_id, channel_account_id, channel, slot_number,
       state, at, local, zone, changed_seq)
     values ($1, $2, $3, $4, 'sandbox', 1, 'planned', '2026-01-02T00:00:00Z', '', 'UTC', 1)`,
    [`pub_${itemId}`, workspaceId, itemId, channelAccountId],
  );
  await db.$client.query(
    `insert into publications (id, workspace_id, item_id, channel_account_id, channel, slot_number,
       state, at, published_at, local, zone, changed_seq)
     values ($1, $2, $3, $4, 'sandbox', 2, 'published', '2026-01-03', '2026-01-03', '', 'UTC', 1)`,
    [`pub_out_${itemId}`, workspaceId, itemId, channelAccountId],
  );
  const reads = (db: Db): Record<string, Read> => ({
    getWorkspace: (id) => getWorkspace(db, { workspaceId: id }),
    getItem: (id) => items.getItem(db, { ...item, workspaceId: id }),
    readRowHead: (id) => items.readRowHead(db, { ...item, workspaceId: id }),
    listItems: (id) => items.listItems(db, { workspaceId: id }),
    listItemsOfCampaign: (id) =>
      items.listItems(db, { workspaceId: id, campaignId: campaign.id, assigneeId: undefined }),
    listInbox: (id) => items.listInbox(db, { workspaceId: id, memberId, roles: ['creator'] }),
    readChain: (id) => itemEvents.readChain(db, { ...item, workspaceId: id }),
    findEventsOfCommand: (id) =>
      itemEvents.findEventsOfCommand(db, { workspaceId: id, commandId: 'http:key_a:isolated' }),
    readTimeline: (id) => readTimeline(db, { ...item, workspaceId: id }),
    getCommand: (id) => commands.getCommand(db, { ...pending, workspaceId: id }),
    readVerdict: (id) => commands.readVerdict(db, { ...refused, workspaceId: id }),
    findInTables: (id) =>
      findInTables(db, {
        workspaceId: id,
        codes: TABLE_CODES,
        limit: 200,
        now: new Date(Date.now() + 60_000).toISOString(),
      }),
    readItemEvidence: (id) => evidence.readItemEvidence(db, { ...item, workspaceId: id }),
    evidenceOf: async (id) => {
      const files = Object.values(evidence.evidenceOf(db, { ...item, workspaceId: id }));
      return (await Promise.all(files.map(collected))).flat();
    },
    fileEvidence: (id) => collected(evidence.fileEvidence(db, { workspaceId: id, hashes: ['h'] })),
    listArchivedRuns: (id) => evidence.listArchivedRuns(db, { ...item, workspaceId: id }),
    readArchivedHistory: (id) =>
      readArchivedHistory(db, { ...item, workspaceId: id, runId: 'run' }),
    listNewestCheckpoints: (id) =>
      checkpoints.listNewestCheckpoints(db, { workspaceId: id, limit: 1 }),
    listCheckpoints: (id) => checkpoints.listCheckpoints(db, { workspaceId: id }),
    getCheckpoint: (id) => checkpoints.getCheckpoint(db, { workspaceId: id, seq: 1 }),
    listCheckpointKeys: (id) => checkpoints.listCheckpointKeys(db, { workspaceId: id }),
    listAuditRows: (id) => listAuditRows(db, { workspaceId: id }),
    readItems: (id) => readItems(db, { workspaceId: id, itemIds: [itemId] }),
    readWaits: async (id) => [...(await readWaits(db, { workspaceId: id, itemIds: [itemId] }))],
    listFindings: (id) => listFindings(db, { workspaceId: id, open: true, itemId }),
    listWorstFindings: (id) =>
      listWorstFindings(db, { workspaceId: id, codes: ['overdue'], limit: 9 }),
    countOpenItems: async (id) => (await countOpenItems(db, { workspaceId: id, atMost: 9 })) > 0,
    listOpenFindings: (id) => listOpenFindings(db, { workspaceId: id }),
    readOutboxBacklog: async (id) => (await readOutboxBacklog(db, { workspaceId: id })).oldestAt,
    readWatch: (id) => readWatch(db, { workspaceId: id }),
    listChainMarks: (id) => listChainMarks(db, { workspaceId: id, now: new Date().toISOString() }),
    readChains: async (id) => [...(await readChains(db, { workspaceId: id, itemIds: [itemId] }))],
    hasPendingCommand: (id) =>
      commands.hasPendingCommand(db, { ...item, workspaceId: id, besides: refused.id }),
    getBrief: (id) => versions.getBrief(db, { ...item, workspaceId: id, hash: 'h' }),
    getDraft: (id) => versions.getDraft(db, { ...item, workspaceId: id, hash: 'h' }),
    getMember: (id) => members.getMember(db, { workspaceId: id, memberId }),
    readActor: (id) => members.readActor(db, { workspaceId: id, memberId }),
    getPlaybook: (id) => playbooks.getPlaybook(db, { workspaceId: id, name: 'standard' }),
    listPlaybooks: (id) => playbooks.listPlaybooks(db, { workspaceId: id }),
    listMembers: (id) => members.listMembers(db, { workspaceId: id }),
    pageMembers: (id) => members.pageMembers(db, { workspaceId: id, role: 'creator' }),
    listHolders: async (id) => (await members.listHolders(db, { workspaceId: id })).creator,
    getChannelAccount: (id) =>
      channelAccounts.getChannelAccount(db, { workspaceId: id, channelAccountId }),
    findChannelAccounts: (id) =>
      channelAccounts.findChannelAccounts(db, { workspaceId: id, ids: [channelAccountId] }),
    pageChannelAccounts: (id) => channelAccounts.pageChannelAccounts(db, { workspaceId: id }),
    getCampaign: (id) => campaigns.getCampaign(db, { workspaceId: id, campaignId: campaign.id }),
    listCampaigns: (id) => campaigns.listCampaigns(db, { workspaceId: id }),
    listComments: (id) => comments.listComments(db, { ...item, workspaceId: id }),
    getAsset: (id) => assets.getAsset(db, { workspaceId: id, hash: 'h' }),
    listAssets: (id) => assets.listAssets(db, { workspaceId: id, hashes: ['h'] }),
    getIntent: (id) => publishIntents.getIntent(db, { ...intent, workspaceId: id }),
    listIntents: (id) => publishIntents.listIntents(db, { ...item, workspaceId: id }),
    listHeldPosts: async (id) => [
      ...(await remotePosts.listHeldPosts(db, {
        ...another,
        workspaceId: id,
        position: 0,
        remoteIds: [post.remoteId],
      })),
    ],
    findContender: (id) =>
      remotePosts.findContender(db, {
        ...another,
        ...text,
        workspaceId: id,
        intentKey: 'other',
        at: '2026-01-01T00:00:00.000Z',
      }),
    findPostHolder: (id) =>
      remotePosts.findPostHolder(db, { ...another, workspaceId: id, remoteId: post.remoteId }),
    readBan: async (id) => (await channelBudgets.readBanMs(db, { ...budget, workspaceId: id })) > 0,
    listReadings: (id) => readings.listReadings(db, { ...item, workspaceId: id }),
    listReplies: (id) => checkpointReplies.listReplies(db, { ...reply, workspaceId: id }),
    listUnsettled: (id) => checkpointReplies.listUnsettled(db, { workspaceId: id, limit: 9 }),
    listUnavailable: (id) => checkpointReplies.listUnavailable(db, { ...item, workspaceId: id }),
    listLateItems: (id) => kpiAddenda.listLateItems(db, { workspaceId: id, limit: 9 }),
    getAddendum: (id) => kpiAddenda.getAddendum(db, { ...item, workspaceId: id }),
    listAddenda: (id) => kpiAddenda.listAddenda(db, { workspaceId: id }),
    listLatestReadings: (id) => readings.listLatestReadings(db, { ...item, workspaceId: id }),
    sumCells: async (id) => {
      const asked = { workspaceId: id, group: 'all', maxItems: 10 } as const;
      return [...(await sumCells(db, asked)).groups.values()].flat();
    },
    listMeasuredItems: (id) => listMeasuredItems(db, { workspaceId: id }),
    listPostsOut: (id) =>
      listPostsOut(db, { ...range, workspaceId: id, channelAccountId, limit: 9 }),
    listSignOffTexts: (id) =>
      kpiReviews.listSignOffTexts(db, { ...item, workspaceId: id, reviewId: `rev_${itemId}` }),
    ...reviewReads(db, item),
    listPastFigures: (id) =>
      kpiFigures.listPastFigures(db, {
        workspaceId: id,
        itemId: 'itm_other',
        formats: piece.formats,
        parts: [{ ...part, publishedAt: '2026-01-02T00:00:00Z' }],
        ages: [168],
      }),
    listPastGrowth: (id) =>
      kpiFigures.listPastGrowth(db, {
        workspaceId: id,
        itemId: 'itm_other',
        formats: piece.formats,
        parts: [{ ...part, publishedAt: '2026-01-02T00:00:00Z' }],
        compared: [{ ageHours: 168, figure: 'growth:impressions' }],
      }),
    getKpiReview: (id) => kpiReviews.getKpiReview(db, { ...item, workspaceId: id }),
    getWebhookEndpoint: (id) =>
      webhookEndpoints.getWebhookEndpoint(db, { workspaceId: id, endpointId }),
    listWebhookEndpoints: (id) => webhookEndpoints.listWebhookEndpoints(db, { workspaceId: id }),
    listApiKeys: (id) => apiKeys.listApiKeys(db, { workspaceId: id, memberId }),
    readArchivedHistories: (id) => readArchivedHistories(db, { ...item, workspaceId: id }),
    listCalendarFeeds: (id) => listCalendarFeeds(db, { workspaceId: id, memberId }),
    countCalendarFeeds: async (id) =>
      (await countCalendarFeeds(db, { workspaceId: id, memberId })) > 0,
    listCalendar: (id) => listCalendar(db, { workspaceId: id, ...range }),
    readFeed: (id) => readFeed(db, { workspaceId: id, ...range, now: range.from, limit: 10 }),
    readFeedVersion: async (id) => {
      const ask = { workspaceId: id, ...range, nowMs: Date.parse(range.from) };
      const versionOfNothing = await readFeedVersion(db, { ...ask, to: range.from });
      return (await readFeedVersion(db, ask)) !== versionOfNothing;
    },
    listOccupancy: (id) => listOccupancy(db, { workspaceId: id, channelAccountId, ...range }),
    listChannelSchedules: async (id) => [
      ...(await listChannelSchedules(db, {
        workspaceId: id,
        channelAccountIds: [channelAccountId],
      })),
    ],
    listBlackouts: (id) => listBlackouts(db, { workspaceId: id }),
    findBlackouts: (id) => findBlackouts(db, { workspaceId: id, ...range }),
    listFreezes: (id) => listFreezes(db, { workspaceId: id, limit: 5 }),
    readCommandContext: async (id) =>
      (
        await readCommandContext(db, {
          ...pending,
          ...item,
          memberId,
          commandId: pending.id,
          workspaceId: id,
        })
      )?.item,
    readContextOfLink: async (id) =>
      (await readContextOfLink(db, { ...item, commandId: pending.id, workspaceId: id }))?.item,
    listApprovalLinks: (id) => approvalLinks.listApprovalLinks(db, { ...item, workspaceId: id }),
    getApprovalLink: (id) =>
      approvalLinks.getApprovalLink(db, { ...item, id: link.id, workspaceId: id }),
    countApprovalLinks: async (id) =>
      (await approvalLinks.countApprovalLinks(db, { ...item, workspaceId: id })) > 0,
    listSamePerson: (id) =>
      approvalLinks.listSamePerson(db, { ...item, actorId: memberId, workspaceId: id }),
    countUsed: async (id) => (await countUsed(db, { workspaceId: id, quota: 'storageBytes' })) > 0,
    isFull: async (id) => {
      try {
        await requireRoom(db, { workspaceId: id, quota: 'openItems', limit: 1 });
        return false;
      } catch (error) {
        if (error instanceof QuotaExceeded) return true;
        throw error;
      }
    },
    listSealedSecrets: (id) => listSealedSecrets(db, { workspaceId: id }),
    listRepairs: (id) => listRepairs(db, { workspaceId: id, findingId: 'fnd_1' }),
  });
  const writes = (db: Db): Record<string, Read> => ({
    decideAddendum: (id) =>
      kpiAddenda.decideAddendum(db, {
        ...item,
        number: 1,
        decision: 'retire',
        reason: 'stolen',
        decidedBy: memberId,
        workspaceId: id,
      }),
    revokeCalendarFeed: (id) => revokeCalendarFeed(db, { workspaceId: id, id: feed.id }),
    revokeApprovalLink: (id) =>
      approvalLinks.revokeApprovalLink(db, {
        ...item,
        id: link.id,
        revokedBy: memberId,
        workspaceId: id,
      }),
    removeBlackout: (id) =>
      removeBlackout(db, { workspaceId: id, id: blackout.id, removedBy: memberId }),
    liftFreeze: (id) => liftFreeze(db, { workspaceId: id, liftReason: 'x', liftedBy: memberId }),
    takeFence: (id) => commands.takeFence(db, { ...pending, workspaceId: id }),
    storeRefusal: (id) =>
      commands.storeRefusal(db, { ...pending, workspaceId: id, attempt: 0, unmet: [] }),
    updateMember: (id) =>
      members.updateMember(db, { workspaceId: id, memberId, change: { name: 'stolen' } }),
    updateChannelAccount: (id) =>
      channelAccounts.updateChannelAccount(db, {
        workspaceId: id,
        channelAccountId,
        change: { name: 'stolen' },
      }),
    setClockOffset: (id) => items.setClockOffset(db, { ...item, workspaceId: id, offsetMs: 1 }),
    revokeApiKey: (id) => apiKeys.revokeApiKey(db, { workspaceId: id, apiKeyId: key.id }),
    takeSendLease: async (id) => {
      const ask = { ...intent, workspaceId: id, approvedContentHash: 'h', leaseMs: 1_000 };
      return (await sendLeases.takeSendLease(db, ask)).taken;
    },
    rotateWebhookSecret: (id) =>
      webhookEndpoints.rotateWebhookSecret(db, { workspaceId: id, endpointId, sealedSecret: 'x' }),
    setWebhookUsers: (id) =>
      webhookEndpoints.setWebhookUsers(db, {
        workspaceId: id,
        endpointId: slackEndpoint.id,
        users: { U1: memberId },
      }),
    setWebhookEndpointActive: (id) =>
      webhookEndpoints.setWebhookEndpointActive(db, { workspaceId: id, endpointId, active: false }),
  });
  await projectEvents(db, { ...item, events: [], item: { ...row, seq: 0 } });
  const ids = {
    itemId,
    memberId,
    channelAccountId,
    apiKeyId: key.id,
    intentKey: intent.intentKey,
    commandId: pending.id,
  };
  return { own: workspaceId, foreign: other.workspaceId, ids, reads, writes };
}
