import { and, eq, isNull, sql } from 'drizzle-orm';
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

type KeyOfCaller = Pick<IdempotencyClaim, 'workspaceId' | 'apiKeyId' | 'key'>;

/** A key that was used before, with its answer unless the work is under way. */
export type UsedKey = typeof idempotencyKeys.$inferSelect;

/** An answer as it is stored. */
export interface StoredAnswer {
  status: number;
  response: Buffer;
}

export type ClaimedKey =
  /** The key is yours: do the work, then `completeIdempotencyKey`, unless the claim came with its answer. */
  | { state: 'claimed' }
  /** Give this answer again. */
  | ({ state: 'answered' } & StoredAnswer)
  /** Another request with the same key is at work. */
  | { state: 'busy' }
  /** The key was used for another route or body. */
  | { state: 'conflict' };

/**
 * Claims the key of a request that is no command, once. A claim whose holder died is free again after
 * `leaseMs`; a claim that comes with its `answer` has it from the beginning.
 */
export async function claimIdempotencyKey(
  db: Db,
  {
    leaseMs = 30_000,
    answer,
    ...claim
  }: IdempotencyClaim & { leaseMs?: number | undefined; answer?: StoredAnswer },
): Promise<ClaimedKey> {
  const leaseUntil = sql`clock_timestamp() + ${leaseMs} * interval '1 millisecond'`;
  const holding = answer === undefined ? { leaseUntil } : { ...answer, leaseUntil: null };
  const [claimed] = await db
    .insert(idempotencyKeys)
    .values({ ...claim, ...holding })
    .onConflictDoUpdate({
      target: [idempotencyKeys.apiKeyId, idempotencyKeys.key],
      set: holding,
      setWhere: sql`${idempotencyKeys.status} is null
        and ${idempotencyKeys.leaseUntil} < clock_timestamp()
        and ${idempotencyKeys.workspaceId} = ${claim.workspaceId}
        and ${idempotencyKeys.route} = ${claim.route}
        and ${idempotencyKeys.bodyHash} = ${claim.bodyHash}`,
    })
    .returning({ key: idempotencyKeys.key });
  if (claimed !== undefined) return { state: 'claimed' };
  const [row] = await db.select().from(idempotencyKeys).where(isKey(claim));
  return row === undefined ? { state: 'conflict' } : useOf(row, claim);
}

/** What a key that was used before is to a request. */
export function useOf(
  used: UsedKey,
  { route, bodyHash }: Pick<IdempotencyClaim, 'route' | 'bodyHash'>,
): Exclude<ClaimedKey, { state: 'claimed' }> {
  if (used.route !== route || used.bodyHash !== bodyHash) return { state: 'conflict' };
  const { status, response } = used;
  return status === null || response === null
    ? { state: 'busy' }
    : { state: 'answered', status, response };
}

/** Stores the answer that every later request with the key gets. The first one stays. */
export async function completeIdempotencyKey(
  db: Db,
  { status, response, ...key }: KeyOfCaller & StoredAnswer,
): Promise<void> {
  await db
    .update(idempotencyKeys)
    .set({ status, response, leaseUntil: null })
    .where(and(isKey(key), isNull(idempotencyKeys.status)));
}

/** Gives up a claim without an answer, so that the next request may do the work. */
export async function releaseIdempotencyKey(db: Db, key: KeyOfCaller): Promise<void> {
  await db.delete(idempotencyKeys).where(and(isKey(key), isNull(idempotencyKeys.status)));
}

function isKey(key: KeyOfCaller) {
  return and(
    eq(idempotencyKeys.apiKeyId, key.apiKeyId),
    eq(idempotencyKeys.key, key.key),
    eq(idempotencyKeys.workspaceId, key.workspaceId),
  );
}
