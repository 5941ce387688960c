import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  findStopped,
  getIntent,
  planIntent,
  resolveIntent,
} from '../../src/db/publishing/publish-intents.ts';
import {
  checkSendLease,
  expireSendLease,
  settleIntent,
  takeSendLease,
} from '../../src/db/publishing/send-leases.ts';
import type { IntentResolution } from '../../src/db/schema/publish-intents.ts';
import { makeItem, makeWorkspace, openTestDb, type TestWorkspace } from '../support/db-fixture.ts';

let database: Awaited<ReturnType<typeof openTestDb>>;
let workspace: TestWorkspace;
beforeAll(async () => {
  database = await openTestDb(6);
  workspace = await makeWorkspace(database.db);
});
afterAll(() => database.close());

const HASH = 'a'.repeat(64);

async function makeIntent(change: { contentHash?: string; slotNumber?: number } = {}) {
  const { id: itemId } = await makeItem(database.db, workspace);
  const intent = {
    workspaceId: workspace.workspaceId,
    itemId,
    publicationId: `pub_${itemId}`,
    channelAccountId: workspace.channelAccounts[0]?.channelAccountId ?? '',
    slotNumber: 1,
    intentKey: `key-${itemId}`,
    marker: `marker-${itemId}`,
    contentHash: HASH,
    dueAt: '2026-04-01T08:00:00.000Z',
    ...change,
  };
  await planIntent(database.db, intent);
  return { intent, key: { workspaceId: intent.workspaceId, intentKey: intent.intentKey } };
}

async function takeLease(key: { workspaceId: string; intentKey: string }, leaseMs = 60_000) {
  const lease = await takeSendLease(database.db, { ...key, leaseMs, approvedContentHash: HASH });
  if (!lease.taken) throw new Error(`no lease: ${lease.reason}`);
  return lease;
}

describe('planIntent', () => {
  it('keeps one row per slot, which follows the plan until a send is tried', async () => {
    const { intent, key } = await makeIntent();
    const moved = { ...intent, contentHash: 'b'.repeat(64), dueAt: '2026-04-02T08:00:00.000Z' };
    expect(await planIntent(database.db, moved)).toMatchObject({
      contentHash: moved.contentHash,
      dueAt: moved.dueAt,
      state: 'planned',
    });
    await planIntent(database.db, intent);
    await takeLease(key);
    expect(await planIntent(database.db, moved)).toMatchObject({
      contentHash: HASH,
      dueAt: intent.dueAt,
      state: 'sending',
    });
  });

  it('refuses a second key for the same slot', async () => {
    const { intent, key } = await makeIntent();
    await takeLease(key);
    const second = planIntent(database.db, { ...intent, intentKey: `${intent.intentKey}-2` });
    await expect(second).rejects.toThrow(/another intent key/);
  });
});

describe('the slot that is published again', () => {
  /** Three slots of one account: the first stopped half-way, the second was never tried. */
  async function threeSlots(second: IntentResolution | null) {
    const { intent, key } = await makeIntent();
    await takeLease(key);
    const again = { resolution: 'publish_again', evidence: {} } as const;
    await resolveIntent(database.db, { ...key, ...again });
    const untried = { ...intent, slotNumber: 2, intentKey: `${intent.intentKey}-2`, marker: 'two' };
    await planIntent(database.db, untried);
    const { workspaceId } = key;
    if (second !== null) {
      const secondKey = { workspaceId, intentKey: untried.intentKey };
      await resolveIntent(database.db, { ...secondKey, resolution: second, evidence: {} });
    }
    return findStopped(database.db, { ...intent, slotNumber: 3 });
  }

  it.each([null, 'publish_again', 'skip'] as const)(
    'is the one behind a slot that was never tried (%s)',
    async (second) => {
      expect(await threeSlots(second)).toMatchObject({ slotNumber: 1 });
    },
  );

  it('is none where a person said that nothing is there', async () => {
    expect(await threeSlots('not_live')).toBeNull();
  });
});

describe('the send lease', () => {
  it('goes to one of many senders, once', async () => {
    const { key } = await makeIntent();
    const leases = await Promise.all(
      Array.from({ length: 12 }, () =>
        takeSendLease(database.db, { ...key, leaseMs: 60_000, approvedContentHash: HASH }),
      ),
    );
    expect(leases.filter(({ taken }) => taken)).toHaveLength(1);
    const rest = leases.filter((lease) => !lease.taken);
    expect(rest.every((lease) => lease.reason === 'being_sent')).toBe(true);
    expect(await getIntent(database.db, key)).toMatchObject({ state: 'sending', attempt: 1 });
  });

  it('is not given for content that is not the approved one', async () => {
    const { key } = await makeIntent();
    const edited = { ...key, leaseMs: 60_000, approvedContentHash: 'c'.repeat(64) };
    expect(await takeSendLease(database.db, edited)).toEqual({
      taken: false,
      reason: 'hash_mismatch',
    });
    expect(await getIntent(database.db, key)).toMatchObject({ state: 'planned', attempt: 0 });
  });

  it('is never given again after it ran out: the send is unknown, and stays so', async () => {
    const { key } = await makeIntent();
    const lease = await takeLease(key, 1);
    const again = { ...key, leaseMs: 60_000, approvedContentHash: HASH };
    expect(await takeSendLease(database.db, again)).toMatchObject({ reason: 'being_sent' });
    const { leaseToken } = lease;
    await expect.poll(() => checkSendLease(database.db, { ...key, leaseToken })).toBeNull();
    const early = await expireSendLease(database.db, { ...key, settleMs: 60_000 });
    expect(early).toMatchObject({ settled: false, intent: { state: 'sending' } });
    const expired = await expireSendLease(database.db, { ...key, settleMs: 0 });
    expect(expired).toMatchObject({ settled: true, intent: { state: 'unknown', settledAt: null } });
    expect(await takeSendLease(database.db, again)).toMatchObject({ reason: 'settled' });
  });

  it('tells its holder how long it runs, and nobody else', async () => {
    const { key } = await makeIntent();
    const { leaseToken } = await takeLease(key);
    const standing = await checkSendLease(database.db, { ...key, leaseToken });
    expect(standing?.remainingMs).toBeGreaterThan(50_000);
    expect(standing?.remainingMs).toBeLessThanOrEqual(60_001);
    expect(standing?.banMs).toBe(0);
    expect(await checkSendLease(database.db, { ...key, leaseToken: 'other' })).toBeNull();
  });
});

describe('settleIntent', () => {
  it('takes the outcome from the holder of the lease only, and once', async () => {
    const { key } = await makeIntent();
    const { leaseToken } = await takeLease(key);
    const published = { state: 'published', remoteId: 'r1', permalink: 'https://x/1' } as const;
    const stranger = { ...key, leaseToken: 'other', outcome: published };
    expect(await settleIntent(database.db, stranger)).toMatchObject({ settled: false });
    const own = { ...key, leaseToken, outcome: published };
    expect(await settleIntent(database.db, own)).toMatchObject({
      settled: true,
      intent: { state: 'published', remoteId: 'r1' },
    });
    const late = { ...key, leaseToken, outcome: { state: 'rejected', evidence: {} } as const };
    expect(await settleIntent(database.db, late)).toMatchObject({
      settled: false,
      intent: { state: 'published', remoteId: 'r1' },
    });
  });

  it('lets a late sender say what it saw, but not free an unknown send', async () => {
    const { key } = await makeIntent();
    const { leaseToken } = await takeLease(key, 1);
    await expect
      .poll(async () => (await expireSendLease(database.db, { ...key, settleMs: 0 })).settled)
      .toBe(true);
    const free = { ...key, leaseToken, outcome: { state: 'planned', evidence: {} } as const };
    expect(await settleIntent(database.db, free)).toMatchObject({
      settled: false,
      intent: { state: 'unknown' },
    });
    const seen = { ...key, leaseToken, outcome: { state: 'published', remoteId: 'r' } as const };
    expect(await settleIntent(database.db, seen)).toMatchObject({ settled: true });
  });

  it('frees a send that was proven not to be processed, for a new lease', async () => {
    const { key } = await makeIntent();
    const { leaseToken } = await takeLease(key);
    const outcome = { state: 'planned', evidence: { code: 'ECONNREFUSED' } } as const;
    await settleIntent(database.db, { ...key, leaseToken, outcome });
    expect(await checkSendLease(database.db, { ...key, leaseToken })).toBeNull();
    const second = await takeLease(key);
    expect(second.leaseToken).not.toBe(leaseToken);
    expect(second.intent.attempt).toBe(2);
  });
});

describe('what is open', () => {
  it('is settled by what a person says, once', async () => {
    const { key } = await makeIntent();
    const said = { resolution: 'not_live', evidence: { by: 'mem_1', reason: 'empty' } } as const;
    const { leaseToken } = await takeLease(key);
    const unknown = { state: 'unknown', evidence: { error: 'timeout' } } as const;
    await settleIntent(database.db, { ...key, leaseToken, outcome: unknown });
    expect(await resolveIntent(database.db, { ...key, ...said })).toMatchObject({
      settled: true,
      intent: { state: 'not_live', resolution: 'not_live' },
    });
    const live = { ...key, resolution: 'live', evidence: {} } as const;
    expect(await resolveIntent(database.db, live)).toMatchObject({ settled: false });
    const { intent } = await settleIntent(database.db, { ...key, leaseToken, outcome: unknown });
    expect(intent).toMatchObject({ state: 'not_live' });
    expect(intent?.log.map(({ what }) => what)).toEqual(['lease taken', 'unknown', 'resolved']);

    const gone = { ...key, leaseMs: 60_000, approvedContentHash: HASH };
    expect(await takeSendLease(database.db, gone)).toMatchObject({ reason: 'settled' });
  });
});
