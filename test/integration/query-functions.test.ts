import { globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { listActs } from '../../src/db/audit/administrative-acts.ts';
import { archiveHistory } from '../../src/db/audit/archived-histories.ts';
import { readDeliveryBacklog } from '../../src/db/audit/backlogs.ts';
import { insertCheckpoint, listChangedHeads } from '../../src/db/audit/checkpoints.ts';
import { actEvidence, readPlaybookEvidence } from '../../src/db/audit/evidence.ts';
import { listTextHashes, restoreIntent } from '../../src/db/audit/recovery.ts';
import { recordRepair } from '../../src/db/audit/repairs.ts';
import { beginLook, closeFindings, openFindings } from '../../src/db/audit/stored-findings.ts';
import type { Db } from '../../src/db/client.ts';
import {
  noteFailure,
  postponeSettling,
  storeAnswer,
  storeSettled,
} from '../../src/db/item/checkpoint-replies.ts';
import { insertComment } from '../../src/db/item/comments.ts';
import { readEventsAfter } from '../../src/db/item/item-events.ts';
import { insertItem } from '../../src/db/item/items.ts';
import {
  forgetLateItem,
  insertAddendum,
  lockReadings,
  putOffLateItem,
} from '../../src/db/item/kpi-addenda.ts';
import { saveFigures } from '../../src/db/item/kpi-figures.ts';
import { freezeKpiReview } from '../../src/db/item/kpi-reviews.ts';
import { projectEvents } from '../../src/db/item/projection.ts';
import { countReadingNotes, renewCells } from '../../src/db/item/reading-cells.ts';
import { appendReadings } from '../../src/db/item/readings.ts';
import { keepText, numberText, saveBrief, saveDraft } from '../../src/db/item/versions.ts';
import { countTidyRows, tidyRows } from '../../src/db/tidy/tidy-rows.ts';
import { inTransaction } from '../../src/db/transaction.ts';
import { createApiKey } from '../../src/db/workspace/api-keys.ts';
import { insertAsset, renewAsset } from '../../src/db/workspace/assets.ts';
import { insertCampaign } from '../../src/db/workspace/campaigns.ts';
import { insertChannelAccount } from '../../src/db/workspace/channel-accounts.ts';
import {
  claimIdempotencyKey,
  completeIdempotencyKey,
  releaseIdempotencyKey,
} from '../../src/db/workspace/idempotency-keys.ts';
import { findIssuers, findLinkVias } from '../../src/db/workspace/issued-credentials.ts';
import { changeMember, insertMember } from '../../src/db/workspace/members.ts';
import { insertPlaybook } from '../../src/db/workspace/playbooks.ts';
import { replaceSealedSecret } from '../../src/db/workspace/sealed-secrets.ts';
import { inWorkspace } from '../../src/db/workspace-scope.ts';
import { STANDARD_PLAYBOOK } from '../../src/domain/playbook/standard.ts';
import { campaignAttempts } from '../support/campaign-queries.ts';
import { commandAttempts } from '../support/command-queries.ts';
import {
  firstRow,
  makeChain,
  makeItem,
  type OpenTestDb,
  openTestDb,
} from '../support/db-fixture.ts';
import { collected } from '../support/filled-workspace.ts';
import { importAttempts } from '../support/import-queries.ts';
import { noticeAttempts } from '../support/notice-queries.ts';
import { outboundAttempts } from '../support/outbound-queries.ts';
import { isNothing } from '../support/reads.ts';
import { reviewAttempts } from '../support/review-queries.ts';
import { sendingAttempts } from '../support/sending-queries.ts';
import { sourceAttempts } from '../support/source-queries.ts';
import { CHECKPOINT } from '../support/unsigned-checkpoint.ts';
import { fillWholeWorkspace, type WholeWorkspace } from '../support/whole-workspace.ts';

const root = dirname(dirname(import.meta.dirname));

let database: OpenTestDb;
let filled: WholeWorkspace;
let known: Awaited<ReturnType<typeof fillKnown>>;
beforeAll(async () => {
  database = await openTestDb();
  filled = await fillWholeWorkspace(database.db);
  known = await fillKnown(database.db);
});
afterAll(() => database?.close());

/** What else the attempts of this file are about. */
async function fillKnown(db: Db) {
  const { own: workspaceId, ids } = filled;
  const { memberId, apiKeyId } = ids;
  const workspace = { workspaceId, memberOf: () => memberId };
  await makeItem(db, workspace, { stage: 'kpi_review' });
  const claim = { workspaceId, apiKeyId, route: 'POST /x', bodyHash: 'h' };
  await claimIdempotencyKey(db, { ...claim, key: 'busy' });
  const {
    rows: [known],
  } = await db.$client.query<Record<'linkId' | 'endpointId' | 'adminId' | 'times', string>>(
    `select (select min(id) from approval_links where workspace_id = $1) as "linkId",
       (select min(id) from webhook_endpoints where workspace_id = $1 and member_id is null)
         as "endpointId",
       (select min(id) from members where workspace_id = $1 and 'admin' = any (roles)) as "adminId",
       (select times from late_readings where item_id = $2) as times`,
    [workspaceId, ids.itemId],
  );
  if (known === undefined) throw new Error('nothing of the filled workspace is known');
  return { ...known, claim };
}

/** The query functions that the filled workspace does not ask itself, on what is its own. */
function attemptsOn(db: Db): Record<string, () => Promise<unknown>> {
  const { own: workspaceId, ids } = filled;
  const { itemId, memberId, channelAccountId, commandId } = ids;
  const item = { workspaceId, itemId };
  const identity = { ...item, channelAccountId, slotNumber: 2 };
  const busy = { ...known.claim, key: 'busy' };
  const answer = { status: 200, response: Buffer.from('x') };
  const draft = {
    language: 'en',
    title: 't',
    body: '',
    assets: [],
    variants: [],
    contributors: [],
  };
  const text = {
    ...item,
    text: { kind: 'draft' as const, body: draft },
    hash: 'stolen',
    authorId: memberId,
  };
  const unsettled = {
    ...item,
    publicationId: 'pub_1',
    checkpoint: '+24h',
    source: 'ga4',
    settleAt: '2026-01-01T00:00:00.000Z',
    attempts: 0,
  };
  const look = {
    workspaceId,
    lookedAt: new Date().toISOString(),
    couldNotAsk: [],
    pressing: {},
    seen: [],
    unknown: [],
  };
  const seen = {
    id: 'fnd_stolen',
    code: 'overdue' as const,
    severity: 'warning' as const,
    rank: 1,
    itemId,
    since: look.lookedAt,
    waitingOn: [],
    evidence: {},
  };
  return {
    readDeliveryBacklog: async () =>
      (await readDeliveryBacklog(db, { workspaceId, now: look.lookedAt, afterMs: 1 })).waiting > 0,
    beginLook: () => beginLook(db, look),
    openFindings: () => openFindings(db, { ...look, seen: [seen] }),
    closeFindings: () => closeFindings(db, look),
    listActs: () => listActs(db, { workspaceId }),
    actEvidence: () => collected(actEvidence(db, { workspaceId, about: [memberId] })),
    readPlaybookEvidence: () =>
      readPlaybookEvidence(db, { workspaceId, name: 'standard', version: 1 }),
    listChangedHeads: () => listChangedHeads(db, { workspaceId, limit: 9 }),
    insertCheckpoint: () => insertCheckpoint(db, { ...CHECKPOINT, workspaceId, seq: 2 }, []),
    archiveHistory: () => archiveHistory(db, { ...item, runId: 'other', history: '{}' }),
    recordRepair: () =>
      recordRepair(db, {
        workspaceId,
        findingId: 'fnd_2',
        findingCode: 'overdue',
        itemId,
        repair: 'x',
        reason: 'r',
        actorId: memberId,
        outcome: {},
      }),
    listTextHashes: () => listTextHashes(db, item),
    restoreIntent: () =>
      restoreIntent(db, {
        ...identity,
        publicationId: 'pub_x',
        intentKey: 'stolen',
        marker: 'm',
        contentHash: 'h',
        dueAt: '2026-01-01T00:00:00.000Z',
        state: 'published',
        remoteId: null,
        permalink: null,
      }),
    insertComment: () =>
      insertComment(db, { ...item, authorId: memberId, visibility: 'internal', text: 'stolen' }),
    readEventsAfter: () => readEventsAfter(db, { ...item, afterSeq: 0, limit: 10 }),
    insertItem: () =>
      insertItem(db, {
        ...firstRow({ workspaceId, memberOf: () => memberId }, 'itm_stolen'),
        id: 'itm_stolen',
        workspaceId,
        title: 'stolen',
        campaignId: null,
        playbookName: 'standard',
        playbookVersion: 1,
        createdBy: memberId,
      }),
    saveFigures: () =>
      saveFigures(db, {
        ...item,
        formats: '',
        parts: [
          { scope: 'item', kind: 'item', channels: 'x', publishedAt: '2026-01-01T00:00:00.000Z' },
        ],
        figures: [{ scope: 'item', ageHours: 24, figures: { 'shares:shares': 1 } }],
      }),
    storeAnswer: () =>
      storeAnswer(db, {
        key: { ...item, publicationId: 'pub_1', checkpoint: '+24h', source: 'sandbox' },
        at: look.lookedAt,
        readings: [],
        settleAt: null,
      }),
    storeSettled: () => storeSettled(db, { reply: unsettled, readings: [] }),
    postponeSettling: () =>
      postponeSettling(db, unsettled, { settleAt: look.lookedAt, attempts: 7 }),
    noteFailure: () =>
      noteFailure(db, {
        key: { ...item, publicationId: 'pub_1', checkpoint: '+24h', source: 'sandbox' },
        at: look.lookedAt,
        state: 'gave_up',
        reason: 'stolen',
        askAfter: null,
      }),
    lockReadings: () => lockReadings(db, item),
    putOffLateItem: () => putOffLateItem(db, item),
    forgetLateItem: () => forgetLateItem(db, { ...item, times: Number(known.times) }),
    insertAddendum: () =>
      insertAddendum(db, {
        ...item,
        id: 'rev_stolen_a2',
        reviewNumber: 1,
        number: 2,
        hash: 'stolen',
        body: {},
      }),
    freezeKpiReview: () =>
      freezeKpiReview(db, { ...item, id: 'rev_x', number: 7, hash: 'h', body: {} }),
    ...outboundAttempts(db, filled.outbound),
    ...reviewAttempts(db, { ...item, memberId }),
    ...campaignAttempts(db, filled.campaign),
    ...commandAttempts(db, filled.commands),
    projectEvents: () => projectEvents(db, { ...item, events: makeChain(9).slice(8) }),
    renewCells: async () => (await renewCells(db, { workspaceId, itemIds: [item.itemId] })) > 0,
    countReadingNotes: async () => (await countReadingNotes(db, { workspaceId, limit: 9 })) > 0,
    appendReadings: () =>
      appendReadings(db, {
        ...item,
        additions: [
          {
            measure: 'impressions',
            value: 9,
            source: 'manual',
            createdBy: memberId,
            provisional: false,
            asOf: '2026-01-01T00:00:00.000Z',
          },
        ],
      }),
    saveBrief: () => saveBrief(db, { ...item, hash: 'stolen', body: {}, authorId: memberId }),
    saveDraft: () => saveDraft(db, { ...item, hash: 'stolen', body: draft, authorId: memberId }),
    numberText: () => numberText(db, text),
    keepText: () => keepText(db, { ...text, commandId, version: 9, stored: false, writtenBy: [] }),
    ...sendingAttempts(db, filled.sending),
    createApiKey: () => createApiKey(db, { workspaceId, memberId, name: 'stolen' }),
    insertAsset: () =>
      insertAsset(db, {
        workspaceId,
        hash: 'stolen',
        kind: 'visual',
        mediaType: 'image/png',
        size: 1,
        createdBy: memberId,
      }),
    insertCampaign: () =>
      insertCampaign(db, { workspaceId, name: 'stolen', goal: 'engage', createdBy: memberId }),
    insertChannelAccount: () =>
      insertChannelAccount(db, { workspaceId, channel: 'sandbox', name: 'stolen', zone: 'UTC' }),
    claimIdempotencyKey: () => claimIdempotencyKey(db, { ...known.claim, key: 'k' }),
    completeIdempotencyKey: () => completeIdempotencyKey(db, { ...busy, ...answer }),
    releaseIdempotencyKey: () => releaseIdempotencyKey(db, busy),
    tidyRows: async () =>
      (await tidyRows(db, { workspaceId, what: 'answers', days: -1, limit: 10 })) > 0,
    countTidyRows: async () =>
      (await countTidyRows(db, { workspaceId, what: 'answers', days: -1, limit: 10 })) > 0,
    renewAsset: () => renewAsset(db, { workspaceId, hash: 'h' }),
    findLinkVias: async () => [...(await findLinkVias(db, { workspaceId, ids: [known.linkId] }))],
    findIssuers: async () => [...(await findIssuers(db, { workspaceId, ids: [known.endpointId] }))],
    changeMember: async () => {
      const change = { roles: ['legal' as const] };
      const by = known.adminId;
      const changed = await changeMember(db, { workspaceId, memberId, change, by });
      return typeof changed === 'string' ? null : changed;
    },
    insertMember: () => insertMember(db, { workspaceId, name: 'stolen', roles: ['admin'] }),
    insertPlaybook: () =>
      insertPlaybook(db, { workspaceId, playbook: { ...STANDARD_PLAYBOOK, name: 'stolen' } }),
    replaceSealedSecret: () =>
      replaceSealedSecret(db, {
        kind: 'channel account',
        id: channelAccountId,
        sealed: 'sealed',
        by: 'stolen',
      }),
    ...noticeAttempts(db, filled, filled.notice),
    ...sourceAttempts(db, filled),
    ...importAttempts(db, filled),
  };
}

/** Everything that stands in the own workspace, as one hash per table. */
async function fingerprint(on: Pick<Db['$client'], 'query'> = database.pool): Promise<unknown> {
  const { rows } = await on.query(`
    select c.relname as table, (xpath('/row/f/text()', query_to_xml(format(
      'select md5(coalesce(string_agg(t::text, chr(10) order by t::text), '''')) as f from %I t where %I = %L',
      c.relname, case c.relname when 'workspaces' then 'id' else 'workspace_id' end, '${filled.own}'),
      false, true, '')))[1]::text as hash
    from pg_class c where c.relnamespace = 'public'::regnamespace and c.relkind = 'r'
      and (c.relname = 'workspaces' or exists (select from pg_attribute a
        where a.attrelid = c.oid and a.attname = 'workspace_id' and not a.attisdropped))
    order by 1`);
  return rows;
}

/** What crosses by a policy of its own, or asks no table. row-security.test.ts has the former. */
const CROSSING = [
  'readHealthFigures',
  'authenticateApiKey',
  'authenticateForCommand',
  'bootstrapWorkspace',
  'findApprovalLink',
  'findCalendarFeed',
  'findReceiver',
  'findShortLink',
  'isAccepted',
  'isRoleHeld',
  'listAbandonedCommands',
  'listDueBatches',
  'listDueQueues',
  'listHeldFiles',
  'listLastLooks',
  'listWorkspaceIds',
  'listUnattended',
  'listUnattendedCampaigns',
  'listWaitingStreams',
  'listWorkspaces',
  'locateRows',
  'lockCheckpoints',
  'lockReminders',
  'lockSends',
  'lockSlots',
  'readClock',
  'tidyRateLimits',
];
/** They lock, and answer nothing. */
const LOCKS = ['lockReadings', 'lockReview'];
/** Parts of others: `settleIntent` and `projectEvents` call them. */
const PARTS = ['move', 'projectRun', 'writeBatch'];

describe('every query function', () => {
  it('is tried here, by the filled workspace, or crosses by name', () => {
    const fixture = readFileSync(join(root, 'test/support/filled-workspace.ts'), 'utf8');
    const known = new Set([...Object.keys(attemptsOn(database.program)), ...CROSSING, ...PARTS]);
    const untried = globSync('src/db/**/*.ts', { cwd: root })
      .filter((file) => !file.includes('schema'))
      .flatMap((file) => [
        ...readFileSync(join(root, file), 'utf8').matchAll(
          /^export (?:async )?function (\w+)(?:<[^>]*>)?\(\s*\w+: Db\b/gm,
        ),
      ])
      .map(([, name = '']) => name)
      .filter((name) => !known.has(name) && !new RegExp(`\\b${name}\\(`).test(fixture));
    expect(untried.filter((name) => !['inTransaction', 'inSnapshot'].includes(name))).toEqual([]);
  });

  it('finds and changes nothing of a workspace that is not set', async () => {
    const { foreign } = filled;
    const before = await fingerprint();
    for (const [name, attempt] of Object.entries(attemptsOn(database.program))) {
      const result = await inWorkspace({ workspaceId: foreign }, attempt).catch(() => null);
      const isHarmless = ['insertCommand', 'claimIdempotencyKey', 'renewChannelSession'];
      if (!isHarmless.includes(name)) expect(isNothing(result), `${name} finds nothing`).toBe(true);
      expect(await fingerprint(), `${name} changes nothing`).toEqual(before);
    }
  });

  it('finds or changes something where its own workspace is set', async () => {
    const idle: string[] = [];
    const undone = new Error('nothing of it stays');
    for (const name of Object.keys(attemptsOn(database.program))) {
      const tried = inWorkspace({ workspaceId: filled.own }, () =>
        inTransaction(database.program, async (tx) => {
          const before = await fingerprint(tx.$client);
          const found = await attemptsOn(tx)[name]?.();
          const after = await fingerprint(tx.$client);
          if (isNothing(found) && isDeepStrictEqual(after, before)) idle.push(name);
          throw undone;
        }),
      );
      await expect(tried, name).rejects.toBe(undone);
    }
    expect(idle).toEqual(LOCKS);
  });

  it('would have, without the wall', async () => {
    const { foreign } = filled;
    const attempts = attemptsOn(database.db);
    const attempt = (name: string) =>
      inWorkspace({ workspaceId: foreign }, async () => attempts[name]?.());
    expect(isNothing(await attempt('numberText')), 'numberText').toBe(false);
    for (const name of [
      'deleteChannelSession',
      'replaceSealedSecret',
      'insertMember',
      'keepText',
      'holdStatedPost',
    ]) {
      const before = await fingerprint();
      await attempt(name);
      expect(await fingerprint(), name).not.toEqual(before);
    }
  });
});
