import { randomUUID } from 'node:crypto';
import { and, eq, or, sql } from 'drizzle-orm';
import type { Segment } from '../../domain/channel/publish-segments.ts';
import type { Db } from '../client.ts';
import { channelBudgets, publishIntents } from '../schema/index.ts';
import {
  fromNow,
  getIntent,
  type IntentKey,
  type IntentMove,
  type IntentRow,
  isIntent,
  move,
  msUntil,
  NO_LEASE,
  type Note,
  noted,
  segmentsAnd,
} from './intent-changes.ts';

/** The lease on an intent's row: a token, and until when it holds. */
type SendLease =
  | { taken: true; leaseToken: string; leaseUntil: string; intent: IntentRow }
  | { taken: false; reason: 'not_found' | 'hash_mismatch' | 'being_sent' | 'settled' };

/**
 * The right to send, for one caller, once: `planned` → `sending`, committed before the network is
 * touched. A lease that runs out is never given again: what became of the send is then unknown.
 * @param approvedContentHash what the item's approvals bind to now; another hash is not sent.
 * @param leaseMs the send must be over, or aborted, before it ends.
 * @param segments as they stand once the lease is taken.
 * @param note what is kept about the attempt.
 */
export async function takeSendLease(
  db: Db,
  {
    approvedContentHash,
    leaseMs,
    segments,
    note = {},
    ...key
  }: IntentKey & {
    approvedContentHash: string;
    leaseMs: number;
    segments?: readonly Segment[];
    note?: Note;
  },
): Promise<SendLease> {
  const leaseToken = randomUUID();
  const [intent] = await db
    .update(publishIntents)
    .set({
      state: 'sending',
      attempt: sql`${publishIntents.attempt} + 1`,
      leaseToken,
      leaseUntil: fromNow(leaseMs),
      ...segmentsAnd({ segments, note: { what: 'lease taken', ...note } }),
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
  const row = await getIntent(db, key);
  if (row === null) return { taken: false, reason: 'not_found' };
  if (row.state === 'planned') return { taken: false, reason: 'hash_mismatch' };
  return { taken: false, reason: row.state === 'sending' ? 'being_sent' : 'settled' };
}

/**
 * The same right for the next text of a thread, by the holder of the lease: what came of the text
 * before is recorded with it.
 * @returns false when the lease is over or lost.
 */
export async function renewSendLease(
  db: Db,
  {
    leaseToken,
    leaseMs,
    segments,
    note,
    ...key
  }: IntentKey & { leaseToken: string; leaseMs: number; segments: readonly Segment[]; note: Note },
): Promise<boolean> {
  const { settled } = await move(
    db,
    key,
    and(
      eq(publishIntents.state, 'sending'),
      eq(publishIntents.leaseToken, leaseToken),
      sql`${publishIntents.leaseUntil} > clock_timestamp()`,
    ),
    { leaseUntil: fromNow(leaseMs), ...segmentsAnd({ segments, note }) },
  );
  return settled;
}

/** By the database's clock, milliseconds. */
interface RunningLease {
  /** How long it still runs; more than 0. */
  remainingMs: number;
  /** How long the account's channel wants no request; 0 when it is not banned. */
  banMs: number;
}

/**
 * The lease that runs, null when it is over or lost, and whether the account was banned after it was
 * taken. Asked immediately before the request is written: a process that was paused learns it here, and
 * one of several senders of an account what another was told.
 */
export async function checkSendLease(
  db: Db,
  { leaseToken, ...key }: IntentKey & { leaseToken: string },
): Promise<RunningLease | null> {
  const [row] = await db
    .select({
      remainingMs: msUntil(publishIntents.leaseUntil),
      banMs: msUntil(channelBudgets.bannedUntil),
    })
    .from(publishIntents)
    .leftJoin(
      channelBudgets,
      and(
        eq(channelBudgets.workspaceId, publishIntents.workspaceId),
        eq(channelBudgets.channelAccountId, publishIntents.channelAccountId),
      ),
    )
    .where(
      and(
        isIntent(key),
        eq(publishIntents.state, 'sending'),
        eq(publishIntents.leaseToken, leaseToken),
      ),
    );
  const { remainingMs, banMs } = row ?? {};
  return remainingMs != null && remainingMs > 0
    ? { remainingMs, banMs: Math.max(0, Math.ceil(banMs ?? 0)) }
    : null;
}

/** What the holder of the lease writes of its send: the state that the intent takes. */
export type IntentSettlement =
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
  {
    leaseToken,
    outcome,
    segments,
    ...key
  }: IntentKey & { leaseToken: string; outcome: IntentSettlement; segments?: readonly Segment[] },
): Promise<IntentMove> {
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
      ...segmentsAnd({ segments, note: { what: outcome.state, ...outcome.evidence } }),
      ...(outcome.state === 'published'
        ? { remoteId: outcome.remoteId, permalink: outcome.permalink ?? null }
        : {}),
      ...(outcome.state === 'planned' ? NO_LEASE : {}),
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
): Promise<IntentMove> {
  const evidence = { reason: 'the sender did not come back' };
  return move(
    db,
    key,
    and(
      eq(publishIntents.state, 'sending'),
      sql`${publishIntents.leaseUntil} + ${settleMs} * interval '1 millisecond' <= clock_timestamp()`,
    ),
    {
      state: 'unknown',
      evidence,
      log: noted({ what: 'unknown', ...evidence }),
      segments: sql`coalesce((select jsonb_agg(
        case s.value ->> 'state' when 'sending' then s.value || '{"state": "unknown"}' else s.value end
        order by s.ordinality)
        from jsonb_array_elements(${publishIntents.segments}) with ordinality s), '[]')`,
    },
  );
}

/**
 * Frees an `unknown` intent for another send with the same key. Only for channels that prove such a
 * repetition harmless, after a look-up that found nothing.
 */
export async function reopenIntent(
  db: Db,
  { evidence, ...key }: IntentKey & { evidence: Note },
): Promise<IntentMove> {
  return move(db, key, eq(publishIntents.state, 'unknown'), {
    state: 'planned',
    evidence,
    ...NO_LEASE,
    log: noted({ what: 'sent again', ...evidence }),
  });
}

/** What a look-up found out about an `unknown` intent; `null` leaves its state as it is. */
export type LookupState = 'published' | 'planned' | null;

/** Records a look-up of an `unknown` intent: what it found, or that it found nothing. */
export async function noteLookup(
  db: Db,
  {
    state,
    segments,
    evidence,
    ...key
  }: IntentKey & { state: LookupState; segments: readonly Segment[]; evidence: Note },
): Promise<IntentMove> {
  const [first] = segments;
  return move(db, key, eq(publishIntents.state, 'unknown'), {
    ...segmentsAnd({ segments, note: { what: 'looked up', ...evidence } }),
    ...(state !== null && { state, evidence }),
    ...(state === 'planned' && NO_LEASE),
    ...(state === 'published' && {
      remoteId: first?.remoteId ?? null,
      permalink: first?.permalink ?? null,
      settledAt: sql`now()`,
    }),
  });
}
