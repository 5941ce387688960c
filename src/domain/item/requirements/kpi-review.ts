import { isOwnerRole } from '../../people/roles.ts';
import { ageMs, MAX_EXTENSION_DAYS } from '../ages.ts';
import { currentReview } from '../context.ts';
import { type Checks, MET, unmet } from './question.ts';

/** The KPI review. */
export const REVIEW_CHECKS = {
  one_checkpoint_recorded: ({ context }) =>
    context.checkpoints.some(({ state }) => state === 'recorded')
      ? MET
      : unmet('one_checkpoint_recorded', 'no checkpoint is recorded yet'),

  verdicts_seen: ({ context, ask }) => {
    if (ask.type !== 'sign_off') return MET;
    const review = currentReview(context);
    if (review === null || review.hash === null) {
      return unmet('verdicts_seen', 'the readings of this review are not frozen yet');
    }
    const seen = ask.refs?.reviewHash;
    return seen === undefined || seen === review.hash
      ? MET
      : unmet('verdicts_seen', `the review's hash is ${review.hash}`);
  },

  strategist_decides_first: ({ context, ask }) => {
    if (ask.type !== 'sign_off') return MET;
    const signOffs = currentReview(context)?.signOffs ?? [];
    const decided = signOffs.find(({ role }) => role === 'strategist');
    const { roles } = ask.actor;
    // Who holds no owner role lacks the role, whoever has decided.
    if (ask.refs === null && !roles.some(isOwnerRole)) return MET;
    const asksAsStrategist =
      ask.refs === null ? roles.includes('strategist') : ask.refs.role === 'strategist';
    if (asksAsStrategist) {
      return ask.refs !== null && (ask.refs.decision === 'agree' || ask.refs.decision === 'dissent')
        ? unmet(
            'strategist_decides_first',
            'the strategist decides: scale, iterate, retire, recycle or extend_measurement',
          )
        : MET;
    }
    return decided === undefined
      ? unmet('strategist_decides_first', 'the strategist decides first', 'strategist')
      : MET;
  },

  extension_valid: ({ context, ask }) => {
    if (ask.type === 'extend') {
      const until = ask.refs?.until;
      const due = Math.max(Date.parse(ask.at), context.clock?.steps[2] ?? 0);
      return until === undefined || Date.parse(until) > due
        ? MET
        : unmet('extension_valid', `${until} is not later than now and the present deadline`);
    }
    if (ask.type !== 'sign_off' || ask.refs?.decision !== 'extend_measurement') return MET;
    if (ask.refs.role !== 'strategist') return MET;
    const { extendTo } = ask.refs;
    if (extendTo === undefined) {
      return unmet('extension_valid', 'extend_measurement needs the age to extend to');
    }
    const age = ageMs(extendTo);
    const latest = Math.max(
      ...context.publications.flatMap(({ publishedAt }) =>
        publishedAt === null ? [] : [Date.parse(publishedAt)],
      ),
    );
    if (age > MAX_EXTENSION_DAYS * 86_400_000) {
      return unmet('extension_valid', `${extendTo} is more than ${MAX_EXTENSION_DAYS} days`);
    }
    return latest + age > Date.parse(ask.at)
      ? MET
      : unmet('extension_valid', `${extendTo} after publication is not in the future`);
  },
} as const satisfies Checks;
