import { and, eq, isNotNull, isNull, lt, sql } from 'drizzle-orm';
import type { Db } from '../client.ts';
import { idempotencyKeys } from '../schema/index.ts';

export interface IdempotencyClaim {
  workspaceId: string;
  apiKeyId: string;
  key: string;
  /** Method and path. */
  route: string;
  bodyHash: string;
}

/** A key that was used before, with its answer unless the work is under way. */
export type UsedKey = typeof idempotencyKeys.$inferSelect;

export type ClaimedKey =
  /** Do the work, then `completeIdempotencyKey`, best in the transaction of the work. */
  | { state: 'claimed' }
  /** Give this answer again. */
  | { state: 'answered'; status: number; response: Buffer }
  /** Another request with the same key is at work. */
  | { state: 'busy' }
  /** The key was used for another route or body. */
  | { state: 'conflict' };

/**
 * Claims the key of a request that is no command. A claim whose holder died is free again after
 * `leaseMs`.
 */
export async function claimIdempotencyKey(
  db: Db,
  { leaseMs = 30_000, ...claim }: IdempotencyClaim & { leaseMs?: number },
): Promise<ClaimedKey> {
  const leaseUntil = sql`clock_timestamp() + ${leaseMs} * interval '1 millisecond'`;
  const [claimed] = await db
    .insert(idempotencyKeys)
    .values({ ...claim, leaseUntil })
    .onConflictDoUpdate({
      target: [idempotencyKeys.apiKeyId, idempotencyKeys.key],
      set: { leaseUntil },
      setWhere: sql`${idempotencyKeys.status} is null
        and ${idempotencyKeys.leaseUntil} < clock_timestamp()
        and ${idempotencyKeys.workspaceId} = ${claim.workspaceId}
        and ${idempotencyKeys.route} = ${claim.route}
        and ${idempotencyKeys.bodyHash} = ${claim.bodyHash}`,
    })
    .returning({ key: idempotencyKeys.key });
  return claimed === undefined ? readClaim(db, claim) : { state: 'claimed' };
}

/**
 * Keeps a refusal as the answer of a key that has none. Work that was refused left no claim behind.
 * @returns what the key stands for from now on: this refusal, or what was there before it.
 */
export async function keepRefusal(
  db: Db,
  { status, response, ...key }: IdempotencyClaim & { status: number; response: Buffer },
): Promise<ClaimedKey> {
  const [kept] = await db
    .insert(idempotencyKeys)
    .values({ ...key, status, response })
    .onConflictDoNothing()
    .returning({ key: idempotencyKeys.key });
  return kept === undefined ? readClaim(db, key) : { state: 'answered', status, response };
}

async function readClaim(db: Db, claim: IdempotencyClaim): Promise<ClaimedKey> {
  const [row] = await db.select().from(idempotencyKeys).where(isKey(claim));
  if (row === undefined || row.route !== claim.route || row.bodyHash !== claim.bodyHash) {
    return { state: 'conflict' };
  }
  if (row.status === null || row.response === null) return { state: 'busy' };
  return { state: 'answered', status: row.status, response: row.response };
}

/** Stores the answer that every later request with the key gets. The first one stays. */
export async function completeIdempotencyKey(
  db: Db,
  {
    status,
    response,
    ...key
  }: Pick<IdempotencyClaim, 'workspaceId' | 'apiKeyId' | 'key'> & {
    status: number;
    response: Buffer;
  },
): Promise<void> {
  await db
    .update(idempotencyKeys)
    .set({ status, response, leaseUntil: null })
    .where(and(isKey(key), isNull(idempotencyKeys.status)));
}

/** Gives up a claim without an answer, so that the next request may do the work. */
export async function releaseIdempotencyKey(
  db: Db,
  key: Pick<IdempotencyClaim, 'workspaceId' | 'apiKeyId' | 'key'>,
): Promise<void> {
  await db.delete(idempotencyKeys).where(and(isKey(key), isNull(idempotencyKeys.status)));
}

/**
 * Forgets answers older than `days`, in every workspace.
 * @returns how many.
 */
export async function deleteOldIdempotencyKeys(
  db: Db,
  { days }: { days: number },
): Promise<number> {
  const { rowCount } = await db
    .delete(idempotencyKeys)
    .where(
      and(
        isNotNull(idempotencyKeys.status),
        lt(idempotencyKeys.createdAt, sql`now() - ${days} * interval '1 day'`),
      ),
    );
  return rowCount ?? 0;
}

function isKey(key: Pick<IdempotencyClaim, 'workspaceId' | 'apiKeyId' | 'key'>) {
  return and(
    eq(idempotencyKeys.apiKeyId, key.apiKeyId),
    eq(idempotencyKeys.key, key.key),
    eq(idempotencyKeys.workspaceId, key.workspaceId),
  );
}
