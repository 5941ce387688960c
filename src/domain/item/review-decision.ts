import type { ReviewDecision } from '../kpi/recommendation.ts';
import { OWNER_ROLES, type OwnerRole } from '../people/roles.ts';
import type { Review } from './context.ts';
import type { SignOff } from './record-schema.ts';

/*
 * How a decision on a review answers for itself, that of an item as that of a campaign. What a decision
 * against the recommendation needs: a reason, and one more role to agree.
 */

/** What is signed: by whom, and what Baton recommended. */
interface SignedReview extends Pick<Review, 'recommended'> {
  signOffs: readonly Pick<SignOff, 'role' | 'decision'>[];
}

/** Roles that have not signed. */
export function rolesMissing(signOffs: readonly Pick<SignOff, 'role'>[]): OwnerRole[] {
  return OWNER_ROLES.filter((role) => signOffs.every((signed) => signed.role !== role));
}

/** Those of them that are waited for: the strategist decides first. */
export function rolesToSign(signOffs: readonly Pick<SignOff, 'role'>[]): OwnerRole[] {
  const missing = rolesMissing(signOffs);
  return missing.includes('strategist') ? ['strategist'] : missing;
}

/** A peer may name the strategist's decision instead of `agree`; another decision is a dissent. */
export function peerDecision(
  decision: SignOff['decision'],
  lead: SignOff['decision'] | undefined,
): 'agree' | 'dissent' {
  return decision === 'agree' || decision === lead ? 'agree' : 'dissent';
}

/** What the strategist decided on a review; null before. */
export function leadDecision({ signOffs }: Pick<SignedReview, 'signOffs'>): ReviewDecision | null {
  const decided = signOffs.find(({ role }) => role === 'strategist')?.decision;
  return decided === undefined || decided === 'agree' || decided === 'dissent' ? null : decided;
}

/** A decision other than the recommended one. Where nothing was recommended, none is. */
export function isAgainstAdvice(
  { recommended }: Pick<SignedReview, 'recommended'>,
  decision: SignOff['decision'] | undefined,
): boolean {
  const isDecision = decision !== undefined && decision !== 'agree' && decision !== 'dissent';
  return recommended !== undefined && isDecision && decision !== recommended;
}

/** What a decision of the strategist without a comment lacks; null where it needs none. */
export function lacksReason(
  review: Pick<SignedReview, 'recommended'>,
  decision: SignOff['decision'],
): string | null {
  if (!isAgainstAdvice(review, decision)) return null;
  return `Baton recommends ${review.recommended}: ${decision} needs a comment, then the creator or the social media manager to agree`;
}

/** A decision against the recommendation that everybody signed and nobody agreed to; null otherwise. */
export function decisionAlone({ signOffs, ...review }: SignedReview): SignOff['decision'] | null {
  const lead = signOffs.find(({ role }) => role === 'strategist');
  const peers = signOffs.filter(({ role }) => role !== 'strategist');
  if (lead === undefined || rolesMissing(signOffs).length > 0) return null;
  const isAlone = peers.every(
    ({ decision }) => peerDecision(decision, lead.decision) === 'dissent',
  );
  return isAlone && isAgainstAdvice(review, lead.decision) ? lead.decision : null;
}
