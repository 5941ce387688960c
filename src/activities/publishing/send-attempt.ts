import { findStopped, getIntent, type IntentRow } from '../../db/publishing/publish-intents.ts';
import {
  intentKeyOf,
  type PublicationOrder,
  type PublicationOutcome,
} from '../../domain/channel/publication-intent.ts';
import {
  isHalfPublished,
  publishedCount,
  type Segment,
  withPart,
} from '../../domain/channel/publish-segments.ts';
import type { ActivityDeps } from '../deps.ts';
import type { SendRefusal } from './send-right.ts';

/** How much of a thread is out, where some of it is. */
export interface Part {
  part?: { published: number; of: number };
}

/** Proven not to have been processed by the channel, or never begun. */
export type NotSent = { outcome: 'not_sent'; retryAfterMs?: number; evidence?: string } & Part;

/** What one attempt to send came to. */
export type SendAttempt = { recordedSeq?: number } & (
  | PublicationOutcome
  | NotSent
  /** Not tried: not the time for it. Without a wait the caller chooses one; `whenLifted`: a person ends it. */
  | ({ outcome: 'wait'; waitMs?: number; whenLifted?: true; evidence: string } & Part)
  /** Some texts of a thread are out; the next attempt goes on with the others. */
  | ({ outcome: 'go_on'; evidence: string } & Part)
  /** It goes no further, and some of it is out, or may be: a person has to look, and no look-up helps. */
  | { outcome: 'ask_person'; evidence: string }
);

/** The outcome that the row already has, so that nothing has to be asked. */
export function settledOutcome(intent: IntentRow | null): PublicationOutcome | null {
  if (intent?.state === 'published') {
    return publishedOutcome(intent, 'recorded by the send');
  }
  if (intent?.state === 'rejected') {
    return { outcome: 'rejected', evidence: JSON.stringify(intent.evidence) };
  }
  return null;
}

export function publishedOutcome(
  { remoteId, permalink }: { remoteId: string | null; permalink: string | null },
  evidence: string,
): PublicationOutcome {
  return {
    outcome: 'published',
    remoteId: remoteId ?? '',
    ...(permalink !== null && { permalink }),
    evidence,
  };
}

/** An outcome that takes the whole post back cannot be that of one that is, or may be, out in part. */
export async function unlessMaybeOut(
  deps: Pick<ActivityDeps, 'db'>,
  order: PublicationOrder,
  result: PublicationOutcome & { evidence: string },
): Promise<SendAttempt> {
  const segments = await knownSegments(deps, order);
  if (publishedCount(segments) > 0) {
    return { outcome: 'ask_person', evidence: withPart(segments, result.evidence) };
  }
  return segments.some(({ firstAttemptAt }) => firstAttemptAt !== null)
    ? inDoubt(result.evidence)
    : result;
}

export function inDoubt(why: string): SendAttempt {
  return { outcome: 'ask_person', evidence: `${why}; an earlier attempt may have gone out` };
}

/** What a sender without the right to send has to say. */
export async function withoutRight(
  deps: Pick<ActivityDeps, 'db'>,
  order: PublicationOrder,
  { reason, waitMs, segments, evidence: why }: SendRefusal,
): Promise<SendAttempt> {
  const key = { workspaceId: order.workspaceId, intentKey: intentKeyOf(order) };
  const wait = async (evidence: string): Promise<SendAttempt> => ({
    outcome: 'wait',
    ...(waitMs === null ? { whenLifted: true } : { waitMs }),
    evidence,
    ...partOf(segments ?? (await knownSegments(deps, order))),
  });
  switch (reason) {
    case 'hash_mismatch':
      return unlessMaybeOut(deps, order, {
        outcome: 'hash_mismatch',
        evidence: 'the approvals do not hold for this content',
      });
    case 'no_longer_wanted':
      return unlessMaybeOut(deps, order, {
        outcome: 'missed',
        evidence: 'the item does not want this post any more',
      });
    case 'too_late':
      return {
        outcome: 'not_sent',
        evidence: 'this attempt came too late',
        ...partOf(segments ?? []),
      };
    case 'earlier_post':
      return inDoubt('an earlier slot of this account is published, or may be');
    case 'being_sent':
      return { outcome: 'unknown', evidence: 'another attempt holds the lease' };
    case 'resend_closed':
      return { outcome: 'unknown', evidence: 'the key of the first attempt protects no longer' };
    case 'settled':
      return (
        settledOutcome(await getIntent(deps.db, key)) ?? {
          outcome: 'unknown',
          evidence: 'an earlier attempt left it unknown',
        }
      );
    case 'blocked':
      return wait(why ?? 'sends are blocked');
    case 'banned':
      return wait('the channel asked for no request until later');
    case 'no_budget':
      return wait('the account has written as much as its channel allows');
  }
}

/** The texts as far as they are known, those included that an earlier slot left half-way. */
export async function knownSegments(
  { db }: Pick<ActivityDeps, 'db'>,
  order: PublicationOrder,
): Promise<readonly Segment[]> {
  const intent = await getIntent(db, {
    workspaceId: order.workspaceId,
    intentKey: intentKeyOf(order),
  });
  if (intent !== null && intent.segments.length > 0) return intent.segments;
  const stopped = order.slotNumber > 1 ? await findStopped(db, order) : null;
  return stopped !== null && isHalfPublished(stopped.segments) ? stopped.segments : [];
}

export function partOf(segments: readonly Segment[]): Part {
  const published = publishedCount(segments);
  return published === 0 ? {} : { part: { published, of: segments.length } };
}
