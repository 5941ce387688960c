import type { SystemEvent } from '../../src/domain/item/commands.ts';
import type { Place } from '../../src/domain/item/stages.ts';
import type { ReviewDecision } from '../../src/domain/kpi/recommendation.ts';
import {
  ACCOUNTS,
  briefDigest,
  CAST,
  DAY,
  draftDigest,
  HOLDERS,
  HOUR,
  itemInput,
  later,
  MINUTE,
  PLAYBOOK,
  slot,
  TestRun,
} from './item-fixture.ts';

type Input = Parameters<typeof itemInput>[0];

/** The shortest way of an item to each place; each one starts from the one before. */
export function toBriefing(input?: Input): TestRun {
  const run = new TestRun(itemInput(input));
  run.give('save_brief', CAST.strategist, { brief: briefDigest() });
  return run;
}

export function toOffered(input?: Input): TestRun {
  const run = toBriefing(input);
  const { brief } = PLAYBOOK.checklists;
  run.give('offer_handoff', CAST.strategist, { checklist: brief }, { holders: HOLDERS });
  return run;
}

export function toCreation(input?: Input): TestRun {
  const run = toOffered(input);
  run.give('accept_handoff', CAST.creator, {});
  return run;
}

export function submit(run: TestRun, by = CAST.creator): void {
  const { review } = PLAYBOOK.checklists;
  run.give('submit_for_review', by, { checklist: review }, { holders: HOLDERS });
}

export function approve(run: TestRun, by = CAST.editor): void {
  const contentHash = run.contentHash();
  run.give('decide_approval', by, { role: 'editor', contentHash, decision: 'approve' });
}

export function requestChanges(run: TestRun, by = CAST.editor): void {
  const contentHash = run.contentHash();
  run.give('decide_approval', by, {
    role: 'editor',
    contentHash,
    decision: 'request_changes',
    reason: 'quality',
  });
}

export function toReview(input?: Input): TestRun {
  const run = toCreation(input);
  run.give('save_draft', CAST.creator, { draft: draftDigest(1) });
  submit(run);
  return run;
}

export function toHandover(input?: Input): TestRun {
  const run = toReview(input);
  approve(run);
  return run;
}

export function toPlanning(input?: Input): TestRun {
  const run = toHandover(input);
  run.give('accept_handoff', CAST.manager, {});
  return run;
}

type Outcome = Extract<SystemEvent, { type: 'publication_settled' }>['outcome'];

interface Account {
  channelAccountId: string;
  channel: string;
}

/** Plans one slot per account: the first in a day, each further one an hour later. */
export function plan(run: TestRun, ...accounts: Account[]): void {
  const publications = accounts.map((account, index) =>
    slot(account, later(run.at, DAY + index * HOUR)),
  );
  run.give('plan_schedule', CAST.manager, { publications }, { slots: [] });
}

export function toScheduled(...accounts: Account[]): TestRun {
  const run = toPlanning();
  plan(run, ...(accounts.length === 0 ? [ACCOUNTS.sandbox] : accounts));
  return run;
}

/** Waits for the account's slot, and settles its send unless told not to. */
export function send(
  run: TestRun,
  account: Account,
  outcome: Outcome | 'sending' | 'due' = 'published',
): void {
  const record = run.publication(account);
  run.waitUntil(record.at);
  if (outcome === 'due') return;
  const key = { at: run.at, publicationId: record.id };
  run.happen({ type: 'publication_sending', ...key });
  if (outcome === 'sending') return;
  run.happen({ type: 'publication_settled', ...key, outcome });
}

export function toMeasuring(): TestRun {
  const run = toScheduled();
  send(run, ACCOUNTS.sandbox);
  return run;
}

/** Measuring with one post out, and one that its network refused. */
export function toRefused(input?: Input): TestRun {
  const run = toPlanning(input);
  plan(run, ACCOUNTS.mastodon, ACCOUNTS.sandbox);
  send(run, ACCOUNTS.mastodon);
  send(run, ACCOUNTS.sandbox, 'rejected');
  return run;
}

/** Publishing with one account out, one slot missed and one still planned. */
export function toPublishing(): TestRun {
  const run = toScheduled(ACCOUNTS.sandbox, ACCOUNTS.second, ACCOUNTS.mastodon);
  send(run, ACCOUNTS.sandbox);
  run.give('hold', CAST.manager, { reason: 'a crisis' });
  run.wait(80 * MINUTE);
  run.give('resume', CAST.manager, { reason: 'the crisis is over' });
  return run;
}

/** Without a recommendation it is a review of a release before Baton recommended. */
export function freeze(run: TestRun, recommended?: ReviewDecision): void {
  const review = run.context.reviews.at(-1);
  if (review === undefined) throw new Error('no review is open');
  run.happen({
    type: 'review_frozen',
    at: run.at,
    reviewId: review.id,
    hash: 'f'.repeat(64),
    ...(recommended !== undefined && { recommended }),
  });
}

export function toReviewing(recommended?: ReviewDecision): TestRun {
  const run = toMeasuring();
  run.wait(29 * DAY);
  freeze(run, recommended);
  return run;
}

/** The KPI review with a refused post that nobody has planned again. */
export function toReviewedRefusal(): TestRun {
  const run = toRefused();
  run.wait(29 * DAY);
  freeze(run);
  return run;
}

export function toHeld(): TestRun {
  const run = toPlanning();
  run.give('hold', CAST.manager, { reason: 'an embargo' });
  return run;
}

export function toClosed(): TestRun {
  const run = toReviewing();
  run.give('sign_off', CAST.strategist, { role: 'strategist', decision: 'scale' });
  run.give('sign_off', CAST.creator, { role: 'creator', decision: 'agree' });
  run.give('sign_off', CAST.manager, { role: 'social_media_manager', decision: 'agree' });
  return run;
}

export function toCancelled(): TestRun {
  const run = toCreation();
  run.give('cancel', CAST.strategist, { reason: 'no longer needed' });
  return run;
}

/** A run in each place, with what the commands of that place need. */
export const RUN_AT: Record<Place, () => TestRun> = {
  'briefing.drafting': () => toBriefing(),
  'briefing.offered': () => toOffered(),
  'creation.drafting': () => {
    const run = toReview();
    requestChanges(run);
    return run;
  },
  'review.deciding': () => toReview(),
  'scheduling.offered': () => toHandover(),
  'scheduling.planning': () => toPlanning(),
  scheduled: () => toScheduled(ACCOUNTS.sandbox, ACCOUNTS.mastodon),
  publishing: () => toPublishing(),
  measuring: () => {
    const run = toMeasuring();
    run.wait(2 * HOUR);
    return run;
  },
  kpi_review: () => toReviewing(),
  on_hold: () => toHeld(),
  closed: () => toClosed(),
  cancelled: () => toCancelled(),
};
