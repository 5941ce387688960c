import { and, eq, type SQL, sql } from 'drizzle-orm';
import type { Db } from '../client.ts';
import { channelAccounts, metricSourceHealth, metricSources } from '../schema/index.ts';

/** Whose health it is: a connection's, or that of an account which is asked for its own posts. */
export interface SourceSubject {
  workspaceId: string;
  /** `msr_…`, or `mastodon:cha_…`. */
  sourceId: string;
  kind: string;
  channelAccountId: string | null;
}

type SourceKey = Pick<SourceSubject, 'workspaceId' | 'sourceId'>;

const LONGEST_WHY = 300;
/** A source whose clock is broken must not silence itself for years. */
const LONGEST_QUIET_MS = 24 * 3_600_000;
/** From its turn to the source a request may take so long on a busy machine. */
const LATE_MS = 2_000;
/** Nothing is known of how it goes. */
const UNKNOWN = { refusedAt: null, failures: 0, failingSince: null, quietUntil: null };
const CLOCK = sql`clock_timestamp()`;

/** It answered. `checked`: it was asked by somebody, who saw this. */
export async function noteSourceSuccess(
  db: Db,
  { checked, ...subject }: SourceSubject & { checked?: string },
): Promise<void> {
  const good = {
    lastSuccessAt: CLOCK,
    failures: 0,
    failingSince: null,
    refusedAt: null,
    ...checkedNow(checked),
  };
  await db
    .insert(metricSourceHealth)
    .values({ ...subject, ...good })
    .onConflictDoUpdate({ target: metricSourceHealth.sourceId, set: good });
}

/**
 * It did not answer, or refused the credentials. A running silence is never shortened.
 * @param failure `sealed` are the credentials as they were stored when they were used: when there are
 *   others by now, a late refusal says nothing of them.
 */
export async function noteSourceFailure(
  db: Db,
  {
    why,
    refused,
    sealed,
    quietMs,
    checked,
    ...subject
  }: SourceSubject & {
    why: string;
    refused: boolean;
    sealed: string | null;
    quietMs?: number;
    checked?: string;
  },
): Promise<void> {
  if (refused && !(await isStillSealed(db, subject, sealed))) return;
  const health = metricSourceHealth;
  const bad = {
    lastFailureAt: CLOCK,
    lastFailure: why.slice(0, LONGEST_WHY),
    ...checkedNow(checked),
  };
  const until =
    quietMs === undefined
      ? null
      : sql`${CLOCK} + ${Math.min(Math.max(0, quietMs), LONGEST_QUIET_MS)} * interval '1 millisecond'`;
  await db
    .insert(health)
    .values({
      ...subject,
      ...bad,
      failures: 1,
      failingSince: CLOCK,
      ...(refused && { refusedAt: CLOCK }),
      ...(until !== null && { quietUntil: until }),
    })
    .onConflictDoUpdate({
      target: health.sourceId,
      set: {
        ...bad,
        failures: sql`${health.failures} + 1`,
        failingSince: sql`coalesce(${health.failingSince}, ${CLOCK})`,
        ...(refused && { refusedAt: sql`coalesce(${health.refusedAt}, ${CLOCK})` }),
        ...(until !== null && {
          quietUntil: sql`greatest(${health.quietUntil}, ${until})`,
        }),
      },
    });
}

/** The credentials are others now: nothing is known of them. */
export async function forgetRefusal(db: Db, key: SourceKey): Promise<void> {
  await db.update(metricSourceHealth).set(UNKNOWN).where(isSubject(key));
}

/** The same for an account that is asked for its own posts. */
export async function forgetRefusalsOfAccount(
  db: Db,
  { workspaceId, channelAccountId }: { workspaceId: string; channelAccountId: string },
): Promise<void> {
  const { channelAccountId: account, workspaceId: workspace } = metricSourceHealth;
  await db
    .update(metricSourceHealth)
    .set(UNKNOWN)
    .where(and(eq(account, channelAccountId), eq(workspace, workspaceId)));
}

export async function deleteSourceHealth(db: Db, key: SourceKey): Promise<void> {
  await db.delete(metricSourceHealth).where(isSubject(key));
}

/** How it goes with a source; null while it was never asked. */
export async function getSourceHealth(db: Db, key: SourceKey) {
  const [row] = await db.select().from(metricSourceHealth).where(isSubject(key));
  return row ?? null;
}

/**
 * One request of what the source allows.
 * @param limit what it states. Half of it may be made at once and half spread over its time, slower where a
 *   late request would matter, so that no stretch of that length sees more than it allows.
 * @returns 0 when it may be made, else how long until one may, milliseconds. Whoever is held back gets a
 *   turn of their own, so that those who wait do not all come back at once.
 */
export async function takeSourceRequest(
  db: Db,
  { limit, ...subject }: SourceSubject & { limit: { requests: number; perMs: number } | null },
): Promise<number> {
  const { requests, perMs } = limit ?? { requests: 2, perMs: 1 };
  const cost = limit === null ? 0 : 1;
  const burst = Math.max(1, Math.floor(requests / 2));
  const refill = Math.max(1, requests - burst);
  // Over the time and the lateness, less than one request more. A limit per second has no room for all of it.
  const lateMs = Math.min(LATE_MS, perMs);
  const perMsRate = Math.min(refill / perMs, (refill + 1) / (perMs + lateMs));
  const h = metricSourceHealth;
  const elapsedMs = sql`greatest(0, extract(epoch from ${CLOCK} - ${h.refilledAt}) * 1000)`;
  const filled = sql`coalesce(least(${burst}::double precision,
    ${h.tokens} + ${elapsedMs} * ${perMsRate}::double precision), ${burst}::double precision)`;
  const taken = await db
    .insert(h)
    .values({ ...subject, tokens: burst - cost, refilledAt: CLOCK })
    .onConflictDoUpdate({
      target: h.sourceId,
      set: { tokens: sql`${filled} - ${cost}`, refilledAt: CLOCK },
      setWhere: sql`${filled} >= ${cost} and (${h.quietUntil} is null or ${h.quietUntil} <= ${CLOCK})`,
    })
    .returning({ id: h.sourceId });
  if (taken.length > 0) return 0;
  const after = (ms: SQL) => sql`${CLOCK} + ${ms} * interval '1 millisecond'`;
  const refilled = after(sql`greatest(0, ${cost} - ${filled}) / ${perMsRate}::double precision`);
  const turn = sql`least(${after(sql`${LONGEST_QUIET_MS}::double precision`)}, greatest(${refilled},
    ${h.quietUntil}, ${h.lastTurnAt} + ${cost / perMsRate}::double precision * interval '1 millisecond'))`;
  const [row] = await db
    .update(h)
    .set({ lastTurnAt: turn })
    .where(isSubject(subject))
    .returning({
      waitMs: sql<number>`(extract(epoch from ${h.lastTurnAt} - ${CLOCK}) * 1000)::double precision`,
    });
  return Math.max(1, Math.ceil(row?.waitMs ?? 0));
}

async function isStillSealed(
  db: Db,
  { workspaceId, sourceId, channelAccountId }: SourceSubject,
  sealed: string | null,
): Promise<boolean> {
  const id = channelAccountId ?? sourceId;
  const { rows } = await db.execute(sql`
    select from ${channelAccountId === null ? metricSources : channelAccounts}
    where id = ${id} and workspace_id = ${workspaceId}
      and credentials is not distinct from ${sealed}`);
  return rows.length > 0;
}

function checkedNow(detail: string | undefined) {
  return detail === undefined
    ? {}
    : { checkedAt: CLOCK, checkDetail: detail.slice(0, LONGEST_WHY) };
}

function isSubject({ workspaceId, sourceId }: SourceKey) {
  return and(
    eq(metricSourceHealth.sourceId, sourceId),
    eq(metricSourceHealth.workspaceId, workspaceId),
  );
}
