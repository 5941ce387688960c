import { isOwnerRole } from '../../people/roles.ts';
import { ageMs, MAX_EXTENSION_DAYS } from '../ages.ts';
import { currentReview } from '../context.ts';
import { lacksReason } from '../review-decision.ts';
import { MET, type Requirements, unmet } from './question.ts';

/** The KPI review. */
export const REVIEW_REQUIREMENTS = {
  one_checkpoint_recorded: {
    text: 'At least one checkpoint has its readings.',
    check: ({ context }) =>
      context.checkpoints.some(({ state }) => state === 'recorded')
        ? MET
        : unmet('no checkpoint is recorded yet'),
  },

  verdicts_seen: {
    text: 'The readings are frozen. The sign-off names the hash of this review.',
    check: ({ context, ask }) => {
      if (ask.type !== 'sign_off') return MET;
      const review = currentReview(context);
      if (review === null || review.hash === null) {
        return unmet('the readings of this review are not frozen yet');
      }
      const seen = ask.refs?.reviewHash;
      return seen === undefined || seen === review.hash
        ? MET
        : unmet(`the review's hash is ${review.hash}`);
    },
  },

  strategist_decides_first: {
    text: 'The strategist decides first. The other two then agree or dissent.',
    check: ({ context, ask }) => {
      if (ask.type !== 'sign_off') return MET;
      const signOffs = currentReview(context)?.signOffs ?? [];
      const decided = signOffs.find(({ role }) => role === 'strategist');
      const { roles } = ask.actor;
      // Who holds no owner role lacks the role, whoever has decided.
      if (ask.refs === null && !roles.some(isOwnerRole)) return MET;
      const asksAsStrategist =
        ask.refs === null ? roles.includes('strategist') : ask.refs.role === 'strategist';
      if (asksAsStrategist) {
        return ask.refs !== null &&
          (ask.refs.decision === 'agree' || ask.refs.decision === 'dissent')
          ? unmet('the strategist decides: scale, iterate, retire, recycle or extend_measurement')
          : MET;
      }
      return decided === undefined ? unmet('the strategist decides first', 'strategist') : MET;
    },
  },

  decision_reasoned: {
    text: 'A decision against the recommendation gives a comment. It stands when one more role agrees.',
    check: ({ context, ask }) => {
      if (ask.type !== 'sign_off' || ask.refs?.role !== 'strategist') return MET;
      const review = currentReview(context);
      const { decision, commentId } = ask.refs;
      if (review === null || commentId !== undefined) return MET;
      const lacks = lacksReason(review, decision);
      return lacks === null ? MET : unmet(lacks);
    },
  },

  extension_valid: {
    text: 'A new age lies ahead and is at most 365 days. A new deadline is later than the present one.',
    check: ({ context, ask }) => {
      if (ask.type === 'extend') {
        const until = ask.refs?.until;
        const due = Math.max(Date.parse(ask.at), context.clock?.steps[2] ?? 0);
        return until === undefined || Date.parse(until) > due
          ? MET
          : unmet(`${until} is not later than both now and the present deadline`);
      }
      if (ask.type !== 'sign_off' || ask.refs?.decision !== 'extend_measurement') return MET;
      if (ask.refs.role !== 'strategist') return MET;
      const { extendTo } = ask.refs;
      if (extendTo === undefined) {
        return unmet('extend_measurement needs the age to extend to');
      }
      const age = ageMs(extendTo);
      const latest = Math.max(
        ...context.publications.flatMap(({ publishedAt }) =>
          publishedAt === null ? [] : [Date.parse(publishedAt)],
        ),
      );
      if (age > MAX_EXTENSION_DAYS * 86_400_000) {
        return unmet(`${extendTo} is more than ${MAX_EXTENSION_DAYS} days`);
      }
      return latest + age > Date.parse(ask.at)
        ? MET
        : unmet(`${extendTo} after publication is not in the future`);
    },
  },
} as const satisfies Requirements;
