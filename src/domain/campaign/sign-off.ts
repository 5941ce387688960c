import type { SignOff } from '../item/record-schema.ts';
import type { Unmet } from '../item/requirements/catalogue.ts';
import { decisionAlone, lacksReason, peerDecision } from '../item/review-decision.ts';
import type { ReviewDecision } from '../kpi/recommendation.ts';
import type { OwnerRole, Role } from '../people/roles.ts';

/** Decisions on a campaign: its items alone may be measured longer. */
export const CAMPAIGN_DECISIONS = [
  'scale',
  'iterate',
  'retire',
  'recycle',
  'agree',
  'dissent',
] as const satisfies readonly SignOff['decision'][];

interface CampaignSignature {
  /** Counts the decisions: a new one begins when nobody agreed to one against the recommendation. */
  round: number;
  role: OwnerRole;
  decision: SignOff['decision'];
}

/** The decision that is being signed. */
export interface OpenRound<Signature extends CampaignSignature> {
  round: number;
  signOffs: Signature[];
  /** The decision before it, which nobody agreed to; null for none. */
  returned: SignOff['decision'] | null;
}

/**
 * The round of signatures that counts: the last one, or an empty one after it where its decision was
 * against the recommendation and nobody agreed.
 */
export function openRound<Signature extends CampaignSignature>(
  all: readonly Signature[],
  recommended: ReviewDecision | undefined,
): OpenRound<Signature> {
  const round = Math.max(1, ...all.map((one) => one.round));
  const signedIn = (number: number) => all.filter((one) => one.round === number);
  const aloneIn = (number: number) =>
    decisionAlone({ ...advice(recommended), signOffs: signedIn(number) });
  const alone = aloneIn(round);
  if (alone !== null) return { round: round + 1, signOffs: [], returned: alone };
  return { round, signOffs: signedIn(round), returned: aloneIn(round - 1) };
}

function advice(recommended: ReviewDecision | undefined) {
  return recommended === undefined ? {} : { recommended };
}

export interface SignOffQuestion {
  /** Of whoever signs. */
  roles: readonly Role[];
  role: OwnerRole;
  decision: SignOff['decision'];
  /** The verdicts that were seen; null: those that are frozen. */
  reviewHash: string | null;
  comment: string | null;
  review: { hash: string; recommended: ReviewDecision | undefined } | null;
  /** Of the round that is open. */
  signOffs: readonly Pick<CampaignSignature, 'role' | 'decision'>[];
}

/** What stands in the way of a signature: the rules of an item's review. */
export function refuseSignOff(asked: SignOffQuestion): Unmet[] {
  const { roles, role, decision, reviewHash, comment, review, signOffs } = asked;
  if (!roles.includes(role)) {
    return [{ code: 'holds_role', message: `sign_off needs the role ${role}`, role }];
  }
  if (review === null) {
    return [{ code: 'verdicts_seen', message: 'the review of the campaign is not open' }];
  }
  const unmet: Unmet[] = [];
  if (reviewHash !== null && reviewHash !== review.hash) {
    unmet.push({ code: 'verdicts_seen', message: `the review's hash is ${review.hash}` });
  }
  if (signOffs.some((signed) => signed.role === role)) {
    unmet.push({ code: 'not_decided_before', message: `${role} has signed this review` });
  }
  const lead = signOffs.find((signed) => signed.role === 'strategist');
  const isPeer = decision === 'agree' || decision === 'dissent';
  if (role === 'strategist' && isPeer) {
    const message = 'the strategist decides: scale, iterate, retire or recycle';
    unmet.push({ code: 'strategist_decides_first', message });
  }
  const lacks =
    role === 'strategist' && comment === null
      ? lacksReason(advice(review.recommended), decision)
      : null;
  if (lacks !== null) unmet.push({ code: 'decision_reasoned', message: lacks });
  if (role !== 'strategist' && lead === undefined) {
    const message = 'the strategist decides first';
    unmet.push({ code: 'strategist_decides_first', message, role: 'strategist' });
  }
  const isDissent = role !== 'strategist' && peerDecision(decision, lead?.decision) === 'dissent';
  if (isDissent && comment === null) {
    unmet.push({ code: 'reason_given', message: 'a dissent needs a comment' });
  }
  return unmet;
}
