import { REQUIREMENTS } from '../../../src/domain/item/requirements/catalogue.ts';
import { type Question, unmet } from '../../../src/domain/item/requirements/question.ts';

export { contentItem } from '../../../src/workflows/content-item.ts';
export { historyArchive } from '../../../src/workflows/history-archive.ts';

const { reason_given, targets_set } = REQUIREMENTS;

/** A reason of 20 characters at least for a hold, a return from it and a new deadline. */
function reasonCheck(question: Question) {
  const { ask } = question;
  if (
    ask.refs !== null &&
    (ask.type === 'hold' || ask.type === 'resume' || ask.type === 'extend')
  ) {
    const { reason = '' } = ask.refs;
    if (reason.length < 20) return unmet(`${ask.type} needs a reason of 20 characters`);
  }
  return reason_given.check(question);
}

/** The workflows of a release with two stricter requirements. */
Object.assign(REQUIREMENTS, {
  reason_given: { ...reason_given, check: reasonCheck },
  targets_set: { ...targets_set, check: () => unmet('a brief needs nine targets') },
});
