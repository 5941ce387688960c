import { createHmac, randomBytes } from 'node:crypto';

/** Who opens which link, as the request says it. */
export interface Visitor {
  code: string;
  address: string;
  agent: string;
}

/** Tells whether a visitor opened the same link just before. */
export interface RecentVisits {
  /** Notes the visit. */
  isRepeated(visitor: Visitor): boolean;
}

const DAY_MS = 86_400_000;

/**
 * Remembers visitors for a moment: by a hash that nobody can turn back, because its key is random, never leaves
 * memory and is another one each day. Who was not seen for longest is forgotten when there are too many.
 * @param now milliseconds.
 */
export function createRecentVisits(
  { withinMs = 10_000, most = 50_000 }: { withinMs?: number; most?: number } = {},
  now: () => number = Date.now,
): RecentVisits {
  const seen = new Map<string, number>();
  let key = { bytes: randomBytes(32), day: dayOf(now()) };

  function hashOf({ code, address, agent }: Visitor): string {
    if (key.day !== dayOf(now())) {
      key = { bytes: randomBytes(32), day: dayOf(now()) };
    }
    const hash = createHmac('sha256', key.bytes);
    return hash
      .update(JSON.stringify([code, address, agent]))
      .digest('base64url')
      .slice(0, 22);
  }

  return {
    isRepeated(visitor) {
      const hash = hashOf(visitor);
      const before = seen.get(hash);
      // Set anew, so that the map's order is that of the last visit.
      seen.delete(hash);
      seen.set(hash, now());
      forgetOld();
      return before !== undefined && now() - before < withinMs;
    },
  };

  function forgetOld(): void {
    for (const [hash, at] of seen) {
      if (seen.size <= most && now() - at < withinMs) return;
      seen.delete(hash);
    }
  }
}

function dayOf(ms: number): number {
  return Math.floor(ms / DAY_MS);
}
