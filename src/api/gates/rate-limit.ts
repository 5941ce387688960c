/** What is left to a caller, as `RateLimit-*` headers state it. */
export interface Allowance {
  allowed: boolean;
  /** Requests per second, and how many may come at once. */
  limit: number;
  remaining: number;
  /** Whole seconds until the bucket is full again. */
  resetSeconds: number;
  /** Whole seconds until the next request is allowed; 0 when it is. */
  retryAfterSeconds: number;
}

interface Bucket {
  tokens: number;
  /** Milliseconds of the clock given, when `tokens` was true. */
  at: number;
}

/** More callers than one process serves at a time; the ones not seen for longest are forgotten. */
const MAX_BUCKETS = 20_000;

/** Token buckets of one process: each caller may send a second's worth at once, then `perSecond`. */
export interface RateLimiter {
  /** Takes a token if there is one. */
  take(caller: string): Allowance;
}

/** @param now monotonic milliseconds. */
export function createRateLimiter(
  perSecond: number,
  now: () => number = () => performance.now(),
): RateLimiter {
  const buckets = new Map<string, Bucket>();

  function refreshed(caller: string): Bucket {
    const at = now();
    const bucket = buckets.get(caller);
    if (bucket === undefined) return { tokens: perSecond, at };
    const earned = ((at - bucket.at) * perSecond) / 1_000;
    return { tokens: Math.min(perSecond, bucket.tokens + earned), at };
  }

  function keep(caller: string, bucket: Bucket): void {
    // Set anew, so that the map's order is that of last use.
    buckets.delete(caller);
    buckets.set(caller, bucket);
    if (buckets.size <= MAX_BUCKETS) return;
    const [oldest] = buckets.keys();
    if (oldest !== undefined) buckets.delete(oldest);
  }

  function allowanceOf({ tokens }: Bucket, allowed: boolean): Allowance {
    return {
      allowed,
      limit: perSecond,
      remaining: Math.floor(Math.max(0, tokens)),
      resetSeconds: Math.ceil((perSecond - tokens) / perSecond),
      retryAfterSeconds: allowed ? 0 : Math.max(1, Math.ceil((1 - tokens) / perSecond)),
    };
  }

  return {
    take(caller) {
      const bucket = refreshed(caller);
      const allowed = bucket.tokens >= 1;
      if (allowed) bucket.tokens -= 1;
      keep(caller, bucket);
      return allowanceOf(bucket, allowed);
    },
  };
}

/** The headers that state an allowance. */
export function rateLimitHeaders(allowance: Allowance): Record<string, string> {
  return {
    'RateLimit-Limit': String(allowance.limit),
    'RateLimit-Remaining': String(allowance.remaining),
    'RateLimit-Reset': String(allowance.resetSeconds),
    'RateLimit-Policy': `${allowance.limit};w=1`,
  };
}
