import type { Idempotency } from '../../channels/channel.ts';
import type { Segment } from '../../domain/channel/publish-segments.ts';

/**
 * Whether one more attempt with the same native key cannot make a second post. A key that holds for a
 * time must still hold when the new request may arrive at the latest.
 * @param now ISO instant by the database's clock, as `firstAttemptAt` is.
 */
export function mayResend(
  idempotency: Idempotency,
  { firstAttemptAt }: Pick<Segment, 'firstAttemptAt'>,
  { now, leaseMs, marginMs }: { now: string; leaseMs: number; marginMs: number },
): boolean {
  // Nothing of it can have reached the channel.
  if (firstAttemptAt === null) return true;
  if (idempotency === 'exact') return true;
  if (typeof idempotency === 'string') return false;
  const keyEnds = Date.parse(firstAttemptAt) + idempotency.exact_for;
  return Date.parse(now) + leaseMs + marginMs <= keyEnds;
}
