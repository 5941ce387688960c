import { randomUUID } from 'node:crypto';
import { and, asc, desc, eq, getTableColumns, inArray, lt, or, type SQL, sql } from 'drizzle-orm';
import type { IntentIdentity } from '../domain/publication-intent.ts';
import type { Segment } from '../domain/publish-segments.ts';
import type { Db } from './client.ts';
import { newId } from './ids.ts';
import type { ItemKey } from './items.ts';
import { publishIntents } from './schema/index.ts';
import type { IntentResolution, IntentState } from './schema/publish-intents.ts';

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

/** A row, locked, and the database's clock at that moment. */
export type PlannedIntent = IntentRow & { now: string };

/**
 * Records that a slot is to be sent, or finds its row, and locks it until the transaction ends. While
 * it is still planned, content and time follow the plan; once a send was tried nothing changes.
 */
export async function planIntent(db: Db, intent: NewIntent): Promise<PlannedIntent> {
  const { contentHash, dueAt } = intent;
  const { workspaceId, itemId, channelAccountId, slotNumber, state } = publishIntents;
  const [row] = await db
    .insert(publishIntents)
    .values({ id: newId('intent'), ...intent })
    .onConflictDoUpdate({
      target: [workspaceId, itemId, channelAccountId, slotNumber],
      set: {
        contentHash: sql`case when ${state} = 'planned' then ${contentHash} else ${publishIntents.contentHash} end`,
        dueAt: sql`case when ${state} = 'planned' then ${dueAt}::timestamptz else ${publishIntents.dueAt} end`,
      },
      setWhere: eq(publishIntents.intentKey, intent.intentKey),
    })
    .returning({ ...getTableColumns(publishIntents), now: clockIso() });
  if (row === undefined) {
    throw new Error(`${intent.intentKey}: its slot belongs to another intent key`);
  }
  return row;
}

/** The slot that a person ordered to be published again as this one; null when this is no such order. */
export async function findStopped(
  db: Db,
  { workspaceId, itemId, channelAccountId, slotNumber }: IntentIdentity,
): Promise<IntentRow | null> {
  const [row] = await db
    .select()
    .from(publishIntents)
    .where(
      and(
        eq(publishIntents.workspaceId, workspaceId),
        eq(publishIntents.itemId, itemId),
        eq(publishIntents.channelAccountId, channelAccountId),
        lt(publishIntents.slotNumber, slotNumber),
      ),
    )
    .orderBy(desc(publishIntents.slotNumber))
    .limit(1);
  return row?.resolution === 'publish_again' ? row : null;
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
  const standing = await getIntent(db, key);
  if (standing === null) return { taken: false, reason: 'not_found' };
  if (standing.state === 'planned') return { taken: false, reason: 'hash_mismatch' };
  return { taken: false, reason: standing.state === 'sending' ? 'being_sent' : 'settled' };
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

/** What is kept in an intent's log; the database adds its clock. */
export type Note = Record<string, unknown>;

interface Settled {
  settled: boolean;
  intent: IntentRow | null;
}

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
  }: IntentKey & { leaseToken: string; outcome: SendOutcome; segments?: readonly Segment[] },
): Promise<Settled> {
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
): Promise<Settled> {
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
): Promise<Settled> {
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

/**
 * Settles an intent by what a person stated. A sender that still comes back has lost its lease and
 * changes nothing any more.
 */
export async function resolveIntent(
  db: Db,
  {
    resolution,
    evidence,
    remoteId = null,
    permalink = null,
    ...key
  }: IntentKey & {
    resolution: IntentResolution;
    evidence: Note;
    remoteId?: string | null;
    permalink?: string | null;
  },
): Promise<Settled> {
  const state = RESOLVED_STATES[resolution];
  return move(db, key, inArray(publishIntents.state, ['planned', 'sending', 'unknown']), {
    ...{ state, resolution, evidence, ...NO_LEASE },
    ...(state === 'published' && {
      remoteId: sql`coalesce(${remoteId}, ${publishIntents.remoteId})`,
      permalink: sql`coalesce(${permalink}, ${publishIntents.permalink})`,
    }),
    log: noted({ what: 'resolved', resolution, ...evidence }),
    settledAt: sql`now()`,
  });
}

const RESOLVED_STATES = {
  live: 'published',
  not_live: 'not_live',
  publish_again: 'not_live',
  skip: 'withdrawn',
} as const satisfies Record<IntentResolution, IntentState>;

/** Closes an intent that nobody tried to send. */
export async function withdrawIntent(db: Db, key: IntentKey): Promise<Settled> {
  return move(db, key, eq(publishIntents.state, 'planned'), {
    state: 'withdrawn',
    settledAt: sql`now()`,
  });
}

/**
 * Frees an `unknown` intent for another send with the same key. Only for channels that prove such a
 * repetition harmless, after a look-up that found nothing.
 */
export async function reopenIntent(
  db: Db,
  { evidence, ...key }: IntentKey & { evidence: Note },
): Promise<Settled> {
  return move(db, key, eq(publishIntents.state, 'unknown'), {
    ...{ state: 'planned', evidence, ...NO_LEASE },
    log: noted({ what: 'sent again', ...evidence }),
  });
}

const NO_LEASE = { leaseToken: null, leaseUntil: null };

type IntentChange = Parameters<ReturnType<typeof updateIntents>['set']>[0];

function updateIntents(db: Db) {
  return db.update(publishIntents);
}

async function move(
  db: Db,
  key: IntentKey,
  from: SQL | undefined,
  change: IntentChange,
): Promise<Settled> {
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

function segmentsAnd({
  segments,
  note,
}: {
  segments?: readonly Segment[] | undefined;
  note: Note;
}) {
  return {
    log: noted(note),
    ...(segments !== undefined && { segments: [...segments] }),
  };
}

/** The log with one more entry. */
function noted(note: Note): SQL {
  return sql`${publishIntents.log} || jsonb_build_array(
    jsonb_build_object('at', ${clockIso()}) || ${JSON.stringify(note)}::jsonb)`;
}

function clockIso(): SQL<string> {
  return sql<string>`to_char(clock_timestamp() at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;
}

/** The database's clock, ISO 8601 UTC. */
export async function readClock(db: Db): Promise<string> {
  const { rows } = await db.execute<{ now: string }>(sql`select ${clockIso()} as now`);
  return rows[0]?.now ?? '';
}

function fromNow(ms: number): SQL {
  return sql`clock_timestamp() + ${ms} * interval '1 millisecond'`;
}
