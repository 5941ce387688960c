import type { Db } from '../../src/db/client.ts';
import { banAccount, takeWriteToken } from '../../src/db/publishing/channel-budgets.ts';
import * as sessions from '../../src/db/publishing/channel-sessions.ts';
import * as refusals from '../../src/db/publishing/credential-refusals.ts';
import * as intents from '../../src/db/publishing/publish-intents.ts';
import { holdStatedPost } from '../../src/db/publishing/remote-posts.ts';
import { findSendBlock } from '../../src/db/publishing/send-blocks.ts';
import * as leases from '../../src/db/publishing/send-leases.ts';
import { insertChannelAccount } from '../../src/db/workspace/channel-accounts.ts';
import { makeItem } from './db-fixture.ts';
import type { FilledWorkspace } from './filled-workspace.ts';
import { attemptsOf, type Read } from './reads.ts';

export type FilledSending = Awaited<ReturnType<typeof fillSending>>;

const DUE = '2026-01-01T00:00:00.000Z';
const TOKEN = 't';
const PLAN = { marker: 'm', contentHash: 'h', dueAt: DUE };
/** What becomes of each slot of the item, in their order. */
const SLOTS = {
  leased: `state = 'sending', lease_token = '${TOKEN}', lease_until = '2100-01-01'`,
  lapsed: `state = 'sending', lease_token = '${TOKEN}', lease_until = '2026-01-01'`,
  doubtful: `state = 'unknown'`,
  stopped: `state = 'not_live', resolution = 'publish_again', attempt = 1`,
};

/** An account with a session that its network refused once, and an item with a send in each state. */
export async function fillSending(db: Db, { own: workspaceId, ids }: FilledWorkspace) {
  const { memberId } = ids;
  const account = { channel: 'sandbox' as const, name: 'Second', zone: 'UTC' };
  const { id: channelAccountId } = await insertChannelAccount(db, { workspaceId, ...account });
  const of = { workspaceId, channelAccountId };
  await db.$client.query(`insert into channel_sessions values ($1, $2, 'sealed', now())`, [
    channelAccountId,
    workspaceId,
  ]);
  await db.$client.query(
    `update channel_accounts set credentials = 'sealed' where workspace_id = $1`,
    [workspaceId],
  );
  await refusals.noteCredentialRefusal(db, { ...of, sealed: 'sealed', why: 'r' });
  const { id: itemId } = await makeItem(db, { workspaceId, memberOf: () => memberId });
  for (const [index, [name, set]] of Object.entries(SLOTS).entries()) {
    const slotNumber = index + 1;
    const publicationId = `pub_${name}`;
    const key = { ...of, itemId, slotNumber, intentKey: name, publicationId };
    await intents.planIntent(db, { ...key, ...PLAN });
    await db.$client.query(`update publish_intents set ${set} where intent_key = $1`, [name]);
  }
  return { ...of, itemId, other: ids };
}

/** Each query of a send, asked by a workspace. */
export function sendingReads(
  db: Db,
  { itemId, channelAccountId }: FilledSending,
): Record<string, Read> {
  const next = { itemId, channelAccountId, slotNumber: Object.keys(SLOTS).length + 1 };
  const leased = { intentKey: 'leased', leaseToken: TOKEN };
  return {
    findStopped: (workspaceId) => intents.findStopped(db, { ...next, workspaceId }),
    mayEarlierBeOut: (workspaceId) => intents.mayEarlierBeOut(db, { ...next, workspaceId }),
    findSendBlock: (workspaceId) =>
      findSendBlock(db, { ...next, workspaceId, channel: 'sandbox', dueAt: DUE }),
    checkSendLease: (workspaceId) => leases.checkSendLease(db, { ...leased, workspaceId }),
  };
}

/** The same with what changes it, on what is the filled workspace's own. */
export function sendingAttempts(
  db: Db,
  filled: FilledSending,
): Record<string, () => Promise<unknown>> {
  const { workspaceId, itemId, channelAccountId, other } = filled;
  const account = { workspaceId, channelAccountId };
  const intent = (intentKey: string) => ({ workspaceId, intentKey });
  const leased = { ...intent('leased'), leaseToken: TOKEN };
  const doubtful = intent('doubtful');
  const evidence = { why: 'stolen' };
  const note = { what: 'x' } as never;
  const outcome = { state: 'rejected', evidence } as never;
  const stolen = { intentKey: 'stolen', publicationId: 'pub_x', slotNumber: 9 };
  const post = { publicationId: 'pub_leased', remoteId: 'stolen' };
  return {
    ...attemptsOf(sendingReads(db, filled), filled),
    holdStatedPost: () => holdStatedPost(db, { ...account, itemId, ...post }),
    banAccount: () => banAccount(db, { ...account, forMs: 9_000_000 }),
    takeWriteToken: async () =>
      (await takeWriteToken(db, { ...account, limit: { max: 5, perMs: 1_000 } })).taken,
    getChannelSession: () => sessions.getChannelSession(db, { channelAccountId }),
    renewChannelSession: () =>
      sessions.renewChannelSession(db, { channelAccountId }, async () => 'stolen'),
    deleteChannelSession: () => sessions.deleteChannelSession(db, { channelAccountId }),
    noteCredentialRefusal: () =>
      refusals.noteCredentialRefusal(db, {
        workspaceId,
        channelAccountId: other.channelAccountId,
        sealed: 'sealed',
        why: 'stolen',
      }),
    deleteCredentialRefusal: () => refusals.deleteCredentialRefusal(db, account),
    planIntent: () => intents.planIntent(db, { ...account, itemId, ...stolen, ...PLAN }),
    resolveIntent: async () =>
      (await intents.resolveIntent(db, { ...doubtful, resolution: 'skip', evidence })).settled,
    expireSendLease: async () =>
      (await leases.expireSendLease(db, { ...intent('lapsed'), settleMs: 0 })).settled,
    noteLookup: async () =>
      (await leases.noteLookup(db, { ...doubtful, state: null, segments: [], evidence })).settled,
    renewSendLease: () => leases.renewSendLease(db, { ...leased, leaseMs: 1, segments: [], note }),
    reopenIntent: async () => (await leases.reopenIntent(db, { ...doubtful, evidence })).settled,
    settleIntent: async () => (await leases.settleIntent(db, { ...leased, outcome })).settled,
  };
}
