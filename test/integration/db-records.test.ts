import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { archiveHistory, readArchivedHistories } from '../../src/db/audit/archived-histories.ts';
import { storeRefusal, takeFence } from '../../src/db/item/commands.ts';
import { insertComment, listComments } from '../../src/db/item/comments.ts';
import { freezeKpiReview, getKpiReview } from '../../src/db/item/kpi-reviews.ts';
import { projectEvents } from '../../src/db/item/projection.ts';
import { appendReadings, listLatestReadings, listReadings } from '../../src/db/item/readings.ts';
import { createApiKey } from '../../src/db/workspace/api-keys.ts';
import { insertAsset, listAssets } from '../../src/db/workspace/assets.ts';
import { bootstrapWorkspace } from '../../src/db/workspace/bootstrap.ts';
import {
  claimIdempotencyKey,
  completeIdempotencyKey,
  releaseIdempotencyKey,
} from '../../src/db/workspace/idempotency-keys.ts';
import { listHolders, readActor, updateMember } from '../../src/db/workspace/members.ts';
import { getPlaybook, insertPlaybook } from '../../src/db/workspace/playbooks.ts';
import {
  findReceiver,
  insertWebhookEndpoint,
  rotateWebhookSecret,
  setWebhookEndpointActive,
} from '../../src/db/workspace/webhook-endpoints.ts';
import { listWorkspaces } from '../../src/db/workspace/workspaces.ts';
import { STANDARD_PLAYBOOK } from '../../src/domain/playbook/standard.ts';
import {
  makeCommand,
  makeItem,
  makeWorkspace,
  openTestDb,
  type TestWorkspace,
} from '../support/db-fixture.ts';

let database: Awaited<ReturnType<typeof openTestDb>>;
let workspace: TestWorkspace;
let workspaceId: string;
beforeAll(async () => {
  database = await openTestDb(6);
  workspace = await makeWorkspace(database.db);
  workspaceId = workspace.workspaceId;
});
afterAll(() => database.close());

async function makeKey() {
  return { workspaceId, itemId: (await makeItem(database.db, workspace)).id };
}

describe('bootstrapWorkspace', () => {
  it('makes one workspace of a name, whole, however many ask', async () => {
    const plan = {
      name: `workspace ${randomUUID()}`,
      calendar: { zone: 'UTC', workdays: [1], from: '09:00', to: '17:00', holidaysCountry: null },
      members: [{ name: 'Ada', roles: ['admin'] as const }],
      channelAccounts: [],
      playbook: STANDARD_PLAYBOOK,
    };
    const made = await Promise.all([1, 2, 3].map(() => bootstrapWorkspace(database.db, plan)));
    expect(made.filter((workspace) => workspace !== null)).toHaveLength(1);
    const named = (await listWorkspaces(database.db)).filter(({ name }) => name === plan.name);
    expect(named).toHaveLength(1);
  });
});

describe('members', () => {
  it('are counted as holders while they are active, and act for whom they back up', async () => {
    const own = await makeWorkspace(database.db);
    const key = { workspaceId: own.workspaceId, memberId: own.memberOf('creator') };
    const backupId = own.memberOf('editor');
    await updateMember(database.db, { ...key, change: { backupId } });
    const backup = { workspaceId: own.workspaceId, memberId: backupId };
    expect(await readActor(database.db, backup)).toEqual({
      memberId: backupId,
      roles: ['editor'],
      platformTags: {},
      backupFor: [key.memberId],
    });
    expect((await listHolders(database.db, own)).creator).toEqual([key.memberId]);
    await updateMember(database.db, { ...key, change: { active: false } });
    expect((await listHolders(database.db, own)).creator).toBeUndefined();
    expect(await readActor(database.db, key)).toBeNull();
  });
});

describe('playbooks', () => {
  it('keep every version as it was, and give the newest unless one is named', async () => {
    const second = { ...STANDARD_PLAYBOOK, version: 2, revisionLimit: 5 };
    expect(await insertPlaybook(database.db, { workspaceId, playbook: second })).not.toBeNull();
    const changed = { ...second, revisionLimit: 9 };
    expect(await insertPlaybook(database.db, { workspaceId, playbook: changed })).toBeNull();
    const newest = await getPlaybook(database.db, { workspaceId, name: 'standard' });
    expect(newest).toMatchObject({ version: 2, data: { revisionLimit: 5 } });
    const first = await getPlaybook(database.db, { workspaceId, name: 'standard', version: 1 });
    expect(first?.data).toEqual(STANDARD_PLAYBOOK);
  });
});

describe('readings', () => {
  const reading = (change: object) => ({
    measure: 'impressions' as const,
    value: 1,
    source: 'sandbox',
    provisional: false,
    asOf: '2026-03-01T00:00:00.000Z',
    checkpoint: '+24h',
    ...change,
  });

  it('of a key are stored once, also when it comes twice at once', async () => {
    const key = await makeKey();
    const given = [1, 2, 3].map((value) =>
      reading({ value, idempotencyKey: `${key.itemId}:${value}` }),
    );
    const stored = await Promise.all(
      [1, 2, 3].map(() => appendReadings(database.db, { ...key, additions: given })),
    );
    expect(new Set(stored.map((rows) => rows.map(({ id }) => id).join())).size).toBe(1);
    expect(stored[0]?.map(({ value }) => value)).toEqual([1, 2, 3]);
    expect((await listReadings(database.db, key)).items).toHaveLength(3);
  });

  it('give the latest per measure, scope and checkpoint', async () => {
    const key = await makeKey();
    const createdBy = workspace.memberOf('creator');
    await appendReadings(database.db, {
      ...key,
      additions: [
        reading({ value: 1, asOf: '2026-03-02T00:00:00.000Z' }),
        reading({ value: 2, asOf: '2026-03-01T00:00:00.000Z' }),
        reading({ value: 3, publicationId: 'pub_1' }),
        reading({ value: 4, publicationId: 'pub_1' }),
        reading({ value: 5, checkpoint: '+7d' }),
        reading({ value: 6, measure: 'link_clicks' }),
        reading({ value: 7, source: 'manual', createdBy }),
        reading({ value: 8, source: 'csv', createdBy, asOf: '2026-02-01T00:00:00.000Z' }),
      ],
    });
    const latest = await listLatestReadings(database.db, key);
    expect(latest.map(({ value }) => value).sort()).toEqual([1, 4, 5, 6, 7]);
  });

  it('page without repeating one, and refuse a value that is no number', async () => {
    const key = await makeKey();
    const given = [1, 2, 3, 4, 5].map((value) => reading({ value }));
    await appendReadings(database.db, { ...key, additions: given });
    const seen: number[] = [];
    let cursor: string | undefined;
    do {
      const page = await listReadings(database.db, { ...key, limit: 2, cursor });
      seen.push(...page.items.map(({ value }) => value));
      cursor = page.nextCursor ?? undefined;
    } while (cursor !== undefined);
    expect(seen.sort()).toEqual([1, 2, 3, 4, 5]);
    for (const value of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
      const wrong = appendReadings(database.db, { ...key, additions: [reading({ value })] });
      await expect(wrong).rejects.toMatchObject({ cause: { code: '23514' } });
    }
    expect(await appendReadings(database.db, { ...key, additions: [] })).toEqual([]);
  });
});

describe('a KPI review', () => {
  it('stays as it was frozen first', async () => {
    const key = await makeKey();
    const frozen = (id: string, hash: string) => ({ ...key, id, number: 1, hash, body: { hash } });
    const id = `rev_${key.itemId}`;
    await freezeKpiReview(database.db, frozen(id, 'first'));
    const again = await freezeKpiReview(database.db, frozen(`${id}_again`, 'second'));
    expect(again).toMatchObject({ id, hash: 'first', body: { hash: 'first' } });
    expect(await getKpiReview(database.db, { ...key, number: 1 })).toEqual(again);
    expect(await getKpiReview(database.db, { ...key, number: 2 })).toBeNull();
  });
});

describe('comments', () => {
  it('of a command are in the thread once it is applied, and once only', async () => {
    const key = await makeKey();
    const comment = {
      ...key,
      authorId: workspace.memberOf('editor'),
      visibility: 'internal' as const,
      text: 'plain',
    };
    await insertComment(database.db, comment);
    await insertComment(database.db, comment);
    const [applied, refused] = [
      await makeCommand(database.db, workspace, key.itemId),
      await makeCommand(database.db, workspace, key.itemId),
    ];
    for (const { id: commandId } of [applied, applied, refused]) {
      await insertComment(database.db, { ...comment, text: commandId, commandId });
    }
    const texts = async () => (await listComments(database.db, key)).items.map(({ text }) => text);
    expect(await texts()).toEqual(['plain', 'plain']);
    await projectEvents(database.db, {
      ...key,
      events: [],
      command: { id: applied.id, seq: 0, answer: {} },
    });
    const attempt = (await takeFence(database.db, refused)) ?? 0;
    await storeRefusal(database.db, { ...refused, attempt, unmet: [] });
    expect((await texts()).sort()).toEqual([applied.id, 'plain', 'plain'].sort());
    const learned = { ...comment, text: 'learned', kind: 'learnings' as const };
    await insertComment(database.db, { ...learned, commandId: applied.id });
    await insertComment(database.db, { ...learned, commandId: applied.id });
    expect((await texts()).filter((text) => text === 'learned')).toHaveLength(1);
    const shared = { ...key, visibility: 'shared' as const };
    expect((await listComments(database.db, shared)).items).toEqual([]);
  });
});

describe('assets', () => {
  it('keep the first record of a content', async () => {
    const asset = {
      workspaceId,
      hash: randomUUID(),
      kind: 'visual' as const,
      mediaType: 'image/png',
      size: 5_000_000_000,
      createdBy: workspace.memberOf('creator'),
    };
    const first = await insertAsset(database.db, asset);
    expect(await insertAsset(database.db, { ...asset, mediaType: 'text/html' })).toEqual(first);
    const hashes = [asset.hash, 'none'];
    expect(await listAssets(database.db, { workspaceId, hashes })).toEqual([first]);
    expect(await listAssets(database.db, { workspaceId, hashes: [] })).toEqual([]);
  });
});

describe('webhook endpoints', () => {
  it('keep the two newest secrets, the older one for a day', async () => {
    const memberId = workspace.memberOf('editor');
    const { id: endpointId } = await insertWebhookEndpoint(database.db, {
      workspaceId,
      kind: 'standard',
      name: 'decisions',
      memberId,
      sealedSecret: 'one',
      decisions: ['decide_approval'],
    });
    for (const sealedSecret of ['two', 'three']) {
      await rotateWebhookSecret(database.db, { workspaceId, endpointId, sealedSecret });
    }
    const receiver = await findReceiver(database.db, { endpointId });
    expect(receiver?.secrets.map(({ sealed }) => sealed)).toEqual(['three', 'two']);
    const [newest, previous] = receiver?.secrets ?? [];
    expect(newest?.expiresAt).toBeNull();
    const left = Date.parse(previous?.expiresAt ?? '') - Date.now();
    expect(left).toBeGreaterThan(23 * 3_600_000);
    expect(left).toBeLessThanOrEqual(24 * 3_600_000);
    await setWebhookEndpointActive(database.db, { workspaceId, endpointId, active: false });
    expect(await findReceiver(database.db, { endpointId })).toBeNull();
    expect(await findReceiver(database.db, { endpointId: 'whe_none' })).toBeNull();
  });
});

describe('idempotency keys', () => {
  async function makeClaim() {
    const memberId = workspace.memberOf('editor');
    const { id: apiKeyId } = await createApiKey(database.db, { workspaceId, memberId, name: 'k' });
    return { workspaceId, apiKeyId, key: 'a key', route: 'POST /members', bodyHash: 'h' };
  }

  it('let one of many requests work, then answer all the same', async () => {
    const { db } = database;
    const claim = await makeClaim();
    const claims = await Promise.all(
      Array.from({ length: 8 }, () => claimIdempotencyKey(db, claim)),
    );
    expect(claims.filter(({ state }) => state === 'claimed')).toHaveLength(1);
    expect(claims.filter(({ state }) => state === 'busy')).toHaveLength(7);
    const response = Buffer.from([0, 1, 2, 255]);
    await completeIdempotencyKey(db, { ...claim, status: 201, response });
    await completeIdempotencyKey(db, { ...claim, status: 500, response: Buffer.alloc(0) });
    await releaseIdempotencyKey(db, claim);
    const again = { state: 'answered', status: 201, response };
    expect(await claimIdempotencyKey(db, claim)).toEqual(again);
    for (const change of [{ bodyHash: 'other' }, { route: 'POST /campaigns' }]) {
      expect(await claimIdempotencyKey(db, { ...claim, ...change })).toEqual({ state: 'conflict' });
    }
  });

  it('are free again when the work is given up or its process died', async () => {
    const { db } = database;
    const claim = await makeClaim();
    await claimIdempotencyKey(db, { ...claim, leaseMs: 1 });
    await expect.poll(async () => (await claimIdempotencyKey(db, claim)).state).toBe('claimed');
    expect(await claimIdempotencyKey(db, claim)).toEqual({ state: 'busy' });
    await releaseIdempotencyKey(db, claim);
    expect(await claimIdempotencyKey(db, claim)).toEqual({ state: 'claimed' });
  });
});

describe('archived histories', () => {
  it('come back as they were given, the first copy of a run for good', async () => {
    const key = await makeKey();
    const history = JSON.stringify({ events: Array.from({ length: 500 }, (_, id) => ({ id })) });
    const sha256 = await archiveHistory(database.db, { ...key, runId: 'run-1', history });
    const again = await archiveHistory(database.db, { ...key, runId: 'run-1', history: '{}' });
    expect(again).toBe(sha256);
    const kept = await readArchivedHistories(database.db, key);
    expect(kept).toMatchObject([{ runId: 'run-1', history, sha256 }]);
  });
});
