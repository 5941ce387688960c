import { randomUUID } from 'node:crypto';
import { and, asc, eq, inArray, or, type SQL, sql } from 'drizzle-orm';
import type { Db } from './client.ts';
import { newId } from './ids.ts';
import type { ItemKey } from './items.ts';
import { publishIntents } from './schema/index.ts';

export type IntentRow = typeof publishIntents.$inferSelect;

export interface IntentKey {
  workspaceId: string;
  intentKey: string;
}

export type NewIntent = Pick<
  IntentRow,
  | 'workspaceId'
  | 'itemId'
  | 'publicationId'
  | 'channelAccountId'
  | 'slotNumber'
  | 'intentKey'
  | 'marker'
  | 'contentHash'
  | 'dueAt'
>;

/**
 * Records that a slot is to be sent, or finds its row. While it is still planned, content and time
 * follow the plan; once a send was tried nothing changes.
 */
export async function planIntent(db: Db, intent: NewIntent): Promise<IntentRow> {
  const { contentHash, dueAt } = intent;
  const { workspaceId, itemId, channelAccountId, slotNumber, state } = publishIntents;
  const [planned] = await db
    .insert(publishIntents)
    .values({ id: newId('intent'), ...intent })
    .onConflictDoUpdate({
      target: [workspaceId, itemId, channelAccountId, slotNumber],
      set: { contentHash, dueAt },
      setWhere: eq(state, 'planned'),
    })
    .returning();
  const row = planned ?? (await getIntent(db, intent));
  if (row === null) throw new Error(`${intent.intentKey}: its slot belongs to another intent key`);
  return row;
}

export async function getIntent(db: Db, key: IntentKey): Promise<IntentRow | null> {
  const [row] = await db.select().from(publishIntents).where(isIntent(key));
  return row ?? null;
}

/** Every intent of an item, by account and slot. */
export async function listIntents(db: Db, { workspaceId, itemId }: ItemKey): Promise<IntentRow[]> {
  return db
    .select()
    .from(publishIntents)
    .where(and(eq(publishIntents.itemId, itemId), eq(publishIntents.workspaceId, workspaceId)))
    .orderBy(asc(publishIntents.channelAccountId), asc(publishIntents.slotNumber));
}

/** Intents of a workspace whose outcome is open, soonest due first. */
export async function listOpenIntents(
  db: Db,
  { workspaceId, limit = 200 }: { workspaceId: string; limit?: number },
): Promise<IntentRow[]> {
  return db
    .select()
    .from(publishIntents)
    .where(
      and(
        eq(publishIntents.workspaceId, workspaceId),
        inArray(publishIntents.state, ['planned', 'sending', 'unknown']),
      ),
    )
    .orderBy(asc(publishIntents.dueAt), asc(publishIntents.id))
    .limit(limit);
}

export type SendLease =
  | { taken: true; leaseToken: string; leaseUntil: string; intent: IntentRow }
  | { taken: false; reason: 'not_found' | 'hash_mismatch' | 'being_sent' | 'settled' };

/**
 * The right to send, for one caller, once: `planned` → `sending`, committed before the network is
 * touched. A lease that runs out is never given again: what became of the send is then unknown.
 * @param approvedContentHash what the item's approvals bind to now; another hash is not sent.
 * @param leaseMs the send must be over, or aborted, before it ends.
 */
export async function takeSendLease(
  db: Db,
  {
    approvedContentHash,
    leaseMs,
    ...key
  }: IntentKey & { approvedContentHash: string; leaseMs: number },
): Promise<SendLease> {
  const leaseToken = randomUUID();
  const [intent] = await db
    .update(publishIntents)
    .set({
      state: 'sending',
      attempt: sql`${publishIntents.attempt} + 1`,
      leaseToken,
      leaseUntil: sql`clock_timestamp() + ${leaseMs} * interval '1 millisecond'`,
    })
    .where(
      and(
        isIntent(key),
        eq(publishIntents.state, 'planned'),
        eq(publishIntents.contentHash, approvedContentHash),
      ),
    )
    .returning();
  if (intent !== undefined) {
    return { taken: true, leaseToken, leaseUntil: intent.leaseUntil ?? '', intent };
  }
  const standing = await getIntent(db, key);
  if (standing === null) return { taken: false, reason: 'not_found' };
  if (standing.state === 'planned') return { taken: false, reason: 'hash_mismatch' };
  return { taken: false, reason: standing.state === 'sending' ? 'being_sent' : 'settled' };
}

/**
 * How long the lease still runs by the database's clock, milliseconds; null when it is over or lost.
 * Asked immediately before the request is written: a process that was paused learns it here.
 */
export async function checkSendLease(
  db: Db,
  { leaseToken, ...key }: IntentKey & { leaseToken: string },
): Promise<number | null> {
  const [row] = await db
    .select({
      remainingMs: sql<number>`(extract(epoch from
        ${publishIntents.leaseUntil} - clock_timestamp()) * 1000)::double precision`,
    })
    .from(publishIntents)
    .where(
      and(
        isIntent(key),
        eq(publishIntents.state, 'sending'),
        eq(publishIntents.leaseToken, leaseToken),
      ),
    );
  return row !== undefined && row.remainingMs > 0 ? row.remainingMs : null;
}

export type SendOutcome =
  | { state: 'published'; remoteId: string; permalink?: string; evidence?: IntentRow['evidence'] }
  | { state: 'rejected'; evidence: Record<string, unknown> }
  | { state: 'unknown'; evidence: Record<string, unknown> }
  /** Proven not to have been processed: may be sent again under a new lease. */
  | { state: 'planned'; evidence: Record<string, unknown> };

/**
 * Records what came of a send by the holder of its lease. A sender that comes back late, when its
 * intent is already `unknown`, may still say what it saw, but may not free the intent for a resend.
 * @returns the row as it stands, and whether this outcome is what stands in it.
 */
export async function settleIntent(
  db: Db,
  { leaseToken, outcome, ...key }: IntentKey & { leaseToken: string; outcome: SendOutcome },
): Promise<{ settled: boolean; intent: IntentRow | null }> {
  const knows = outcome.state === 'published' || outcome.state === 'rejected';
  return move(
    db,
    key,
    and(
      eq(publishIntents.leaseToken, leaseToken),
      or(
        eq(publishIntents.state, 'sending'),
        knows ? eq(publishIntents.state, 'unknown') : undefined,
      ),
    ),
    {
      state: outcome.state,
      evidence: outcome.evidence ?? null,
      ...(outcome.state === 'published'
        ? { remoteId: outcome.remoteId, permalink: outcome.permalink ?? null }
        : {}),
      ...(outcome.state === 'planned' ? { leaseToken: null, leaseUntil: null } : {}),
      ...(knows ? { settledAt: sql`now()` } : {}),
    },
  );
}

/**
 * Turns a send whose holder never came back into `unknown`, once its lease and `settleMs` are over:
 * until then the request may still be on its way.
 */
export async function expireSendLease(
  db: Db,
  { settleMs, ...key }: IntentKey & { settleMs: number },
): Promise<{ settled: boolean; intent: IntentRow | null }> {
  return move(
    db,
    key,
    and(
      eq(publishIntents.state, 'sending'),
      sql`${publishIntents.leaseUntil} + ${settleMs} * interval '1 millisecond' <= clock_timestamp()`,
    ),
    { state: 'unknown', evidence: { reason: 'the sender did not come back' } },
  );
}

/** Settles an `unknown` intent by what a lookup found or a person stated. */
export async function resolveIntent(
  db: Db,
  {
    outcome,
    ...key
  }: IntentKey & {
    outcome: {
      state: 'published' | 'not_live';
      remoteId?: string;
      permalink?: string;
      evidence: Record<string, unknown>;
    };
  },
): Promise<{ settled: boolean; intent: IntentRow | null }> {
  const { state, evidence, remoteId = null, permalink = null } = outcome;
  return move(db, key, eq(publishIntents.state, 'unknown'), {
    ...{ state, evidence, remoteId, permalink },
    settledAt: sql`now()`,
  });
}

/** Closes an intent that nobody tried to send. */
export async function withdrawIntent(
  db: Db,
  key: IntentKey,
): Promise<{ settled: boolean; intent: IntentRow | null }> {
  return move(db, key, eq(publishIntents.state, 'planned'), {
    state: 'withdrawn',
    settledAt: sql`now()`,
  });
}

type IntentChange = Parameters<ReturnType<typeof updateIntents>['set']>[0];

function updateIntents(db: Db) {
  return db.update(publishIntents);
}

async function move(
  db: Db,
  key: IntentKey,
  from: SQL | undefined,
  change: IntentChange,
): Promise<{ settled: boolean; intent: IntentRow | null }> {
  const [row] = await updateIntents(db)
    .set(change)
    .where(and(isIntent(key), from))
    .returning();
  if (row !== undefined) return { settled: true, intent: row };
  return { settled: false, intent: await getIntent(db, key) };
}

function isIntent({ workspaceId, intentKey }: IntentKey) {
  return and(eq(publishIntents.intentKey, intentKey), eq(publishIntents.workspaceId, workspaceId));
}

/**
 * Frees an `unknown` intent for another send with the same key. Only for channels that prove such a
 * repetition harmless, after a look-up that found nothing.
 */
export async function reopenIntent(
  db: Db,
  { evidence, ...key }: IntentKey & { evidence: Record<string, unknown> },
): Promise<{ settled: boolean; intent: IntentRow | null }> {
  return move(db, key, eq(publishIntents.state, 'unknown'), {
    state: 'planned',
    evidence,
    leaseToken: null,
    leaseUntil: null,
  });
}
