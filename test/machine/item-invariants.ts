import { ageMs } from '../../src/domain/item/ages.ts';
import { alarmsOf } from '../../src/domain/item/alarms.ts';
import type { ItemMachineEvent } from '../../src/domain/item/commands.ts';
import type { ItemContext, PublicationRecord } from '../../src/domain/item/context.ts';
import { waitingOn } from '../../src/domain/item/responsible.ts';
import type { Place } from '../../src/domain/item/stages.ts';

/** A state of the machine as the tests look at it: by raw fields, with none of the domain's own rules. */
export interface Seen {
  place: string;
  context: ItemContext;
}

const ACTIVE = ['due', 'sending', 'unknown', 'missed'];
const HOLDING = ['tentative', 'planned', 'due', 'sending', 'unknown', 'missed', 'published'];

/** From which state a record may come to be in which other. */
const LEGAL: Record<string, readonly string[]> = {
  tentative: ['tentative', 'planned', 'skipped'],
  planned: ['planned', 'tentative', 'due', 'missed', 'skipped'],
  due: ['due', 'sending', 'published', 'rejected', 'unknown', 'missed', 'planned'],
  sending: ['sending', 'published', 'rejected', 'unknown', 'missed', 'planned'],
  unknown: ['unknown', 'published', 'not_live'],
  missed: ['missed', 'planned', 'skipped'],
  published: ['published'],
  rejected: ['rejected', 'skipped'],
  skipped: ['skipped'],
  not_live: ['not_live'],
};

function grantedHash(context: ItemContext): string | null {
  const set = context.approvals.at(-1);
  return set?.state === 'granted' ? set.contentHash : null;
}

function isBound(context: ItemContext, { contentHash }: PublicationRecord): boolean {
  return (
    contentHash !== null &&
    contentHash === context.contentHash &&
    contentHash === grantedHash(context)
  );
}

/** Accounts whose last post that was not skipped is a refused one, by account. */
export function refusedAccounts({ publications, cancelling }: ItemContext): string[] {
  const last = new Map(
    publications
      .filter(({ state }) => state !== 'skipped')
      .map(({ channelAccountId, state }) => [channelAccountId, state] as const),
  );
  return cancelling === null
    ? [...last].filter(([, state]) => state === 'rejected').map(([account]) => account)
    : [];
}

/** What is wrong with a state, whatever led to it. */
export function faultsOf({ place, context }: Seen): string[] {
  const faults: string[] = [];
  const must = (holds: boolean, text: string) => {
    if (!holds) faults.push(text);
  };
  const { publications, approvals, reviews, checkpoints, handoffs } = context;
  const states = publications.map(({ state }) => state as string);
  const set = approvals.at(-1);

  must(place.split('.')[0] === context.stage, 'the stage in the context is the place');
  must((place === 'on_hold') === (context.heldFrom !== null), 'only a held item knows where from');

  const accounts = publications.filter(({ state }) => HOLDING.includes(state));
  must(
    new Set(accounts.map(({ channelAccountId }) => channelAccountId)).size === accounts.length,
    'one live record per account',
  );
  const slots = publications.map((record) => `${record.channelAccountId} ${record.slotNumber}`);
  must(new Set(slots).size === slots.length, 'one record per account and slot number');
  must(
    new Set(publications.map(({ id }) => id)).size === publications.length,
    'publication ids are unique',
  );

  for (const earlier of approvals.slice(0, -1)) {
    must(earlier.state !== 'open', 'only the last approval set is open');
  }
  if (set?.state === 'open' || set?.state === 'granted') {
    must(set.contentHash === context.contentHash, 'approvals bind to the content as it is');
    for (const { memberId, decision, contentHash } of set.decisions) {
      if (decision !== 'approve') continue;
      must(!context.authors.includes(memberId), 'no approver is an author');
      must(contentHash === set.contentHash, 'a decision is about the content of its set');
    }
  }
  if (set?.state === 'granted') {
    for (const { role } of set.asked) {
      must(
        set.decisions.some((made) => made.role === role && made.decision === 'approve'),
        'a granted set has a decision of every asked role',
      );
    }
  }

  const review = reviews.at(-1);
  const signed = (review?.signOffs ?? []).map(({ role }) => role);
  must(new Set(signed).size === signed.length, 'a role signs a review once');
  must(signed.length === 0 || signed[0] === 'strategist', 'the strategist signs first');
  must(signed.length === 0 || review?.hash !== null, 'nobody signs what is not frozen');
  if (place === 'closed' && review?.recommended !== undefined) {
    const [lead, ...peers] = review.signOffs;
    must(
      lead?.decision === review.recommended || peers.some(({ decision }) => decision === 'agree'),
      'a decision against the recommendation stands with one more role',
    );
  }

  const from = context.heldFrom ?? place;
  must(
    from.endsWith('.offered') === (handoffs.at(-1)?.state === 'offered'),
    'a handoff is open exactly where one is offered',
  );
  if (from === 'review.deciding') must(set?.state === 'open', 'review has an open approval set');
  if (from.startsWith('scheduling.')) {
    must(set?.state === 'granted', 'scheduling has granted approvals');
  }

  const refused = refusedAccounts(context);
  if (!['closed', 'cancelled'].includes(place)) {
    const told = alarmsOf(place as Place, context).filter(
      ({ code }) => code === 'publication_rejected',
    );
    must(told.length === refused.length, 'each refused post is a finding, and nothing else is');
    must(
      refused.length === 0 ||
        waitingOn(place as Place, context).some(
          (waited) =>
            waited.role === 'social_media_manager' &&
            (waited.for === 'plan_schedule' || waited.for === 'resolve_publication'),
        ),
      'a refused post waits for the social media manager',
    );
  }
  for (const { publicationId, checkpoint, dueAt } of checkpoints) {
    const at = publications.find(({ id }) => id === publicationId)?.publishedAt ?? '';
    must(
      Date.parse(dueAt) === Date.parse(at) + ageMs(checkpoint),
      'a checkpoint counts from the time of its own post',
    );
  }

  const anyPlanned = states.includes('planned');
  const anyActive = states.some((state) => ACTIVE.includes(state));
  if (place === 'scheduled')
    must(anyPlanned && !anyActive, 'scheduled: planned and nothing active');
  if (place === 'publishing') must(anyActive, 'publishing: something active');
  if (place === 'measuring') {
    must(!anyPlanned && !anyActive && states.includes('published'), 'measuring: all out');
    must(
      checkpoints.some(({ required, state }) => required && state === 'due'),
      'measuring: a required checkpoint is due',
    );
  }
  if (place === 'scheduled' || place === 'publishing') {
    for (const record of publications) {
      if (record.state === 'planned') must(isBound(context, record), 'what is planned is approved');
    }
  }
  if (place === 'kpi_review') {
    must(!anyPlanned && !anyActive, 'kpi_review: nothing planned or active');
    must((reviews.at(-1)?.signOffs.length ?? 3) < 3, 'kpi_review: a sign-off is open');
  }
  if (place === 'closed') {
    must(!checkpoints.some(({ state }) => state === 'due'), 'closed: no checkpoint is due');
    must(
      !states.some((state) => state !== 'published' && HOLDING.includes(state)),
      'closed: no slot',
    );
  }
  if (place === 'cancelled') {
    must(
      !states.some((state) => state !== 'published' && HOLDING.includes(state)),
      'cancelled: no slot',
    );
  }
  return faults;
}

/** What is wrong with a transition. */
export function faultsBetween(before: Seen, event: ItemMachineEvent, after: Seen): string[] {
  const faults: string[] = [];
  const must = (holds: boolean, text: string) => {
    if (!holds) faults.push(text);
  };
  for (const record of before.context.publications) {
    const next = after.context.publications.find(({ id }) => id === record.id);
    must(next !== undefined, 'no record is lost');
    if (next === undefined) continue;
    // A campaign's cancellation waits for the send, then lets go of a slot that came back unsent.
    const isLetGo = after.place === 'cancelled' && next.state === 'skipped';
    must(
      isLetGo || LEGAL[record.state]?.includes(next.state) === true,
      `a record goes from ${record.state} to ${next.state}`,
    );
    must(next.slotNumber === record.slotNumber, 'a slot number stays');
    if (record.state !== 'due' && next.state === 'due') {
      must(record.state === 'planned', 'only a planned record becomes due');
      must(isBound(before.context, record), 'only what is approved becomes due');
      must(
        ['scheduled', 'publishing'].includes(before.place),
        'slots become due in two places only',
      );
      const late = Date.parse(event.at) - Date.parse(record.at);
      const grace = before.context.playbook.slotGraceMinutes * 60_000;
      must(late >= 0 && late <= grace, 'a slot becomes due in time');
    }
    if (['due', 'sending'].includes(record.state) && next.state === record.state) {
      must(
        next.contentHash === record.contentHash,
        'what is being sent keeps the hash that was approved',
      );
      if (before.place === 'publishing') {
        must(after.context.contentHash === before.context.contentHash, 'no edit while sending');
        must(
          after.place === 'publishing' || after.place === 'creation.drafting',
          'no leaving while sending',
        );
      }
    }
    if (['published', 'unknown', 'sending'].includes(record.state)) {
      must(
        before.context.draft?.variants[record.channel] ===
          after.context.draft?.variants[record.channel],
        'the variant of what is out, or may be, is frozen',
      );
    }
  }
  const still = refusedAccounts(after.context);
  for (const account of refusedAccounts(before.context)) {
    if (still.includes(account) || after.context.cancelling !== null) continue;
    must(settlesAccount(before, event, account), 'a refused post is settled by a person only');
  }
  for (const record of after.context.publications) {
    if (before.context.publications.some(({ id }) => id === record.id)) continue;
    must(
      !['measuring', 'kpi_review', 'on_hold'].includes(before.place) ||
        before.context.publications.some(
          ({ channelAccountId, state }) =>
            channelAccountId === record.channelAccountId &&
            (state === 'rejected' || state === 'not_live'),
        ),
      'once the posts are out, a plan only replaces one that is not',
    );
  }
  for (const set of before.context.approvals) {
    if (set.state === 'open' || set.state === 'granted') continue;
    const next = after.context.approvals.find(({ number }) => number === set.number);
    must(next?.state === set.state, 'what is void stays void');
  }
  const opened = after.context.reviews.length - before.context.reviews.length;
  must(
    opened === 0 || (opened === 1 && before.context.heldFrom !== 'kpi_review'),
    'resuming opens no second review',
  );
  must(
    before.context.authors.every((author) => after.context.authors.includes(author)),
    'an author stays an author',
  );
  if (before.context.contentHash !== after.context.contentHash) {
    must(
      after.place === 'creation.drafting' || after.place.startsWith('briefing.'),
      'changed content is in creation',
    );
  }
  faults.push(...faultsOfCommand(before, event, after));
  if (before.place === 'closed' || before.place === 'cancelled') {
    const same = JSON.stringify(before.context) === JSON.stringify(after.context);
    must(same && before.place === after.place, 'a closed item never changes');
  }
  return faults;
}

/** A person planned the account again, or gave it up. */
function settlesAccount({ context }: Seen, event: ItemMachineEvent, account: string): boolean {
  if (event.type === 'plan_schedule') {
    return event.refs.publications.some(({ channelAccountId }) => channelAccountId === account);
  }
  if (event.type !== 'skip_publication' && event.type !== 'resolve_publication') return false;
  const record = context.publications.find(({ id }) => id === event.refs.publicationId);
  if (record?.channelAccountId !== account) return false;
  return event.type === 'resolve_publication'
    ? event.refs.outcome === 'skip'
    : (event.refs.reason ?? '').trim() !== '';
}

/** What a command that was taken should have been refused for. */
function faultsOfCommand({ place, context }: Seen, event: ItemMachineEvent, after: Seen): string[] {
  const faults: string[] = [];
  const must = (holds: boolean, text: string) => {
    if (!holds) faults.push(text);
  };
  const { checklists, revisionLimit } = context.playbook;
  switch (event.type) {
    case 'offer_handoff':
      if (place === after.place) break;
      must(
        checklists.brief.every((code) => event.refs.checklist.includes(code)),
        'a brief is handed over with its checklist',
      );
      break;
    case 'submit_for_review':
      if (place === after.place) break;
      must(
        checklists.review.every((code) => event.refs.checklist.includes(code)),
        'a draft is submitted with its checklist',
      );
      must(
        context.round <= revisionLimit || context.revisionAcknowledged,
        'a revision past the limit is acknowledged',
      );
      break;
    case 'accept_handoff': {
      if (place === after.place) break;
      const open = context.handoffs.at(-1);
      const { handoffId } = event.refs;
      must(handoffId === open?.id, 'what is accepted is what is offered');
      const role = place === 'briefing.offered' ? 'creator' : 'social_media_manager';
      const assignee = context.team[role];
      must(
        assignee === null || assignee === event.actor.memberId,
        'a handoff is accepted by whom it is for',
      );
      break;
    }
    case 'save_brief':
      must(
        context.brief?.targetsHash === after.context.brief?.targetsHash ||
          !context.publications.some(({ state }) => state === 'published'),
        'targets stay once something is published',
      );
      break;
    case 'plan_schedule':
      must(
        after.context.publications.every((record) => {
          const old = context.publications.find(({ id }) => id === record.id);
          const isNew =
            JSON.stringify(old) !== JSON.stringify(record) && record.state === 'planned';
          return !isNew || Date.parse(record.at) > Date.parse(event.at);
        }),
        'nothing is planned for the past',
      );
      break;
    case 'open_kpi_review':
      must(
        place === after.place || context.checkpoints.some(({ state }) => state === 'recorded'),
        'a review is asked for once something is measured',
      );
      break;
    case 'sign_off': {
      const review = context.reviews.at(-1);
      const seen = event.refs.reviewHash;
      must(
        JSON.stringify(context) === JSON.stringify(after.context) || seen === review?.hash,
        'who signs has seen the verdicts of this review',
      );
      break;
    }
  }
  return faults;
}
