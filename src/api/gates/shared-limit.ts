import { RateLimiterMemory, RateLimiterPostgres, RateLimiterRes } from 'rate-limiter-flexible';
import type { Db } from '../../db/client.ts';
import { RATE_LIMIT_TABLE } from '../../db/rate-limits.ts';
import { acrossWorkspaces } from '../../db/workspace-scope.ts';
import type { Allowance } from './rate-limit.ts';

/** A limit that holds over all API processes of a database. */
export interface SharedLimiter {
  take(subject: string): Promise<Allowance>;
}

/** What this process may still let through in the present second without asking the database. */
interface Lease {
  left: number;
  /** What nobody has taken yet, when the lease was taken. */
  beyond: number;
  until: number;
}

/** A second's requests are taken from the database in about so many parts. */
const PARTS = 10;
const MAX_LEASES = 20_000;

/**
 * So many requests per second and subject, counted in the database in parts, so that most requests
 * cost no query. While the database is away each process counts for itself.
 */
export function createSharedLimiter(
  db: Db,
  { name, perSecond }: { name: string; perSecond: number },
): SharedLimiter {
  const part = Math.max(1, Math.floor(perSecond / PARTS));
  const rule = { keyPrefix: name, points: perSecond, duration: 1 };
  // Made at the first request: its timer, which removes old rows, asks in the scope that it is made in.
  let counter: RateLimiterPostgres | null = null;
  const createCounter = () =>
    new RateLimiterPostgres({
      ...rule,
      storeClient: db.$client,
      storeType: 'pool',
      tableName: RATE_LIMIT_TABLE,
      tableCreated: true,
      insuranceLimiter: new RateLimiterMemory(rule),
    });
  const leases = new Map<string, Lease>();
  const renewals = new Map<string, Promise<void>>();

  async function renew(subject: string): Promise<void> {
    const counted = await consume(subject);
    const { consumedPoints, remainingPoints, msBeforeNext } = counted;
    const before = consumedPoints - part;
    leases.delete(subject);
    leases.set(subject, {
      left: Math.max(0, Math.min(part, perSecond - before)),
      beyond: remainingPoints,
      until: performance.now() + msBeforeNext,
    });
    const [oldest] = leases.keys();
    if (leases.size > MAX_LEASES && oldest !== undefined) leases.delete(oldest);
  }

  /** The limiter throws what it counted when that is too much. */
  async function consume(subject: string): Promise<RateLimiterRes> {
    try {
      return await acrossWorkspaces('no_workspace', () => {
        counter ??= createCounter();
        return counter.consume(subject, part);
      });
    } catch (counted) {
      if (counted instanceof RateLimiterRes) return counted;
      throw counted;
    }
  }

  function renewOnce(subject: string): Promise<void> {
    const renewal = renewals.get(subject) ?? renew(subject).finally(() => renewals.delete(subject));
    renewals.set(subject, renewal);
    return renewal;
  }

  return {
    async take(subject) {
      for (;;) {
        const lease = leases.get(subject);
        const now = performance.now();
        if (lease === undefined || lease.until <= now || (lease.left < 1 && lease.beyond > 0)) {
          await renewOnce(subject);
          continue;
        }
        const allowed = lease.left >= 1;
        if (allowed) lease.left -= 1;
        return {
          allowed,
          limit: perSecond,
          remaining: lease.beyond + lease.left,
          resetSeconds: 1,
          retryAfterSeconds: allowed ? 0 : 1,
        };
      }
    },
  };
}
