import { REQUIREMENTS as PRESENT } from '../../../src/domain/item/requirements/catalogue.ts';
import { type Question, unmet } from '../../../src/domain/item/requirements/question.ts';

export * from '../../../src/domain/item/requirements/catalogue.ts';

const LEAST = 20;

/** A hold needs a reason of some length. */
function reasonCheck(question: Question) {
  const { ask } = question;
  if (ask.type === 'hold' && ask.refs !== null && (ask.refs.reason ?? '').length < LEAST) {
    return unmet(`a hold needs a reason of ${LEAST} characters`);
  }
  return PRESENT.reason_given.check(question);
}

export const REQUIREMENTS: typeof PRESENT = {
  ...PRESENT,
  reason_given: { ...PRESENT.reason_given, check: reasonCheck },
};
