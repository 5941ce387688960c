import { peerDecision } from '../item/context.ts';
import type { SignOff } from '../item/record-schema.ts';
import type { Unmet } from '../item/requirements/catalogue.ts';
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

export interface SignOffQuestion {
  /** Of whoever signs. */
  roles: readonly Role[];
  role: OwnerRole;
  decision: SignOff['decision'];
  /** The verdicts that were seen; null: those that are frozen. */
  reviewHash: string | null;
  comment: string | null;
  review: { hash: string } | null;
  signOffs: readonly { role: OwnerRole; decision: SignOff['decision'] }[];
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
