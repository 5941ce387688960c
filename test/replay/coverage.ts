import { defaultPayloadConverter, type Payload } from '@temporalio/common';
import type { Activities } from '../../src/activities/index.ts';
import type { CheckpointAnswer } from '../../src/activities/measuring.ts';
import type { Reconciliation } from '../../src/activities/publishing/reconciling.ts';
import type { SendAttempt } from '../../src/activities/publishing/send-attempt.ts';
import type { PublicationOutcome } from '../../src/domain/channel/publication-intent.ts';
import type { CommandPayloads } from '../../src/domain/item/commands.ts';
import type { Deadline } from '../../src/domain/item/deadlines.ts';
import { ITEM_EVENT_TYPES, type ItemEvent } from '../../src/domain/item/event.ts';
import { COMMAND_TYPES } from '../../src/domain/item/rules.ts';
import {
  RECORDED_HISTORIES,
  type RecordedHistory,
  readHistory,
} from '../support/recorded-histories.ts';

/** Names of a type, each of which the compiler demands here. */
type Named<T extends string> = Record<T, true>;

/** Of the runs of items: schedules and deliveries have runs of their own. */
type ItemQueue = Exclude<keyof Activities, 'watch' | 'delivery'>;
type ActivityName = { [Q in ItemQueue]: keyof Activities[Q] }[ItemQueue];

const ACTIVITIES: Named<ActivityName> = {
  recordEvents: true,
  sendPublication: true,
  reconcilePublication: true,
  collectReadings: true,
  freezeReview: true,
  archiveHistory: true,
};
const DEADLINES: Named<Exclude<Deadline['kind'], 'clock_step'>> = {
  publication_due: true,
  slot_passed: true,
  approval_deadline_passed: true,
  checkpoint: true,
};
const CLOCK_STEPS: Record<Extract<Deadline, { kind: 'clock_step' }>['step'], true> = {
  0: true,
  1: true,
  2: true,
  3: true,
};
const OUTCOMES: Named<PublicationOutcome['outcome']> = {
  published: true,
  rejected: true,
  unknown: true,
  hash_mismatch: true,
  missed: true,
};
const SEND_ANSWERS: Named<SendAttempt['outcome']> = {
  ...OUTCOMES,
  not_sent: true,
  wait: true,
  go_on: true,
  ask_person: true,
};
/** No look-up says the other two: they are of a send that was not made. */
const LOOKUP_ANSWERS: Named<Exclude<Reconciliation['outcome'], 'hash_mismatch' | 'missed'>> = {
  published: true,
  rejected: true,
  unknown: true,
  not_sent: true,
  send_again: true,
  go_on: true,
};
const DECISIONS: Named<CommandPayloads['decide_approval']['refs']['decision']> = {
  approve: true,
  request_changes: true,
};
const RESOLUTIONS: Named<CommandPayloads['resolve_publication']['refs']['outcome']> = {
  live: true,
  not_live: true,
  publish_again: true,
  reschedule: true,
  skip: true,
};
/** The machine treats the other verdicts as it does `scale`. */
const SIGN_OFFS: Named<
  Exclude<CommandPayloads['sign_off']['refs']['decision'], 'iterate' | 'retire' | 'recycle'>
> = {
  scale: true,
  extend_measurement: true,
  agree: true,
  dissent: true,
};

/** Everything that at least one recorded history has to hold. */
export const WANTED: readonly string[] = [
  ...COMMAND_TYPES.map((type) => `command ${type}`),
  ...named('decision', DECISIONS),
  ...named('resolution', RESOLUTIONS),
  ...named('sign-off', SIGN_OFFS),
  'update tick',
  'signal readings_added',
  'signal campaign',
  ...ITEM_EVENT_TYPES.map((type) => `event ${type}`),
  ...named('activity', ACTIVITIES),
  ...named('deadline', DEADLINES),
  ...named('deadline clock_step', CLOCK_STEPS),
  ...named('outcome', OUTCOMES),
  ...named('send', SEND_ANSWERS),
  ...named('look-up', LOOKUP_ANSWERS),
  'send without an answer',
  'look-up without an answer',
  'readings without an answer',
  'readings stored',
  'readings not stored',
  'readings asked again',
  'readings not available',
  'workflow contentItem',
  'workflow historyArchive',
  'start continued',
  'end continued',
  'end completed',
];

function named(kind: string, names: object): string[] {
  return Object.keys(names).map((name) => `${kind} ${name}`);
}

/** What one history holds of it. */
export function coverageOf({ events: entries }: RecordedHistory): Set<string> {
  const found = new Set<string>();
  const chain = new Map<number, ItemEvent>();
  const asked = new Map<string, string>();
  for (const entry of entries ?? []) {
    const started = entry.workflowExecutionStartedEventAttributes;
    if (started) {
      found.add(`workflow ${started.workflowType?.name}`);
      const [input] = read<{ continued?: object }>(started.input?.payloads);
      if (input?.continued) found.add('start continued');
    }
    const update = entry.workflowExecutionUpdateAcceptedEventAttributes?.acceptedRequest?.input;
    if (update?.name === 'command') addCommand(found, update.args?.payloads);
    else if (update) found.add(`update ${update.name}`);
    const signal = entry.workflowExecutionSignaledEventAttributes?.signalName;
    if (signal) found.add(`signal ${signal}`);
    const answered = entry.workflowExecutionUpdateCompletedEventAttributes?.outcome?.success;
    for (const event of eventsIn(answered?.payloads)) chain.set(event.seq, event);
    const activity = entry.activityTaskScheduledEventAttributes;
    if (activity) {
      const type = activity.activityType?.name ?? '';
      asked.set(String(entry.eventId), type);
      found.add(`activity ${type}`);
      for (const event of eventsIn(activity.input?.payloads)) chain.set(event.seq, event);
    }
    const done = entry.activityTaskCompletedEventAttributes;
    if (done) {
      const word = ANSWERED_BY[asked.get(String(done.scheduledEventId)) ?? ''];
      const [answer] = read<{ outcome?: string }>(done.result?.payloads);
      if (word !== undefined && answer?.outcome) found.add(`${word} ${answer.outcome}`);
      if (word === 'readings') addLook(found, done.result?.payloads);
    }
    const away =
      entry.activityTaskFailedEventAttributes ?? entry.activityTaskTimedOutEventAttributes;
    if (away) {
      const word = ANSWERED_BY[asked.get(String(away.scheduledEventId)) ?? ''];
      if (word !== undefined) found.add(`${word} without an answer`);
    }
    if (entry.workflowExecutionCompletedEventAttributes) found.add('end completed');
    if (entry.workflowExecutionContinuedAsNewEventAttributes) found.add('end continued');
  }
  addChain(
    found,
    [...chain.values()].sort((a, b) => a.seq - b.seq),
  );
  return found;
}

/** The activities whose answers a run goes different ways after. */
const ANSWERED_BY: Record<string, string> = {
  sendPublication: 'send',
  reconcilePublication: 'look-up',
  collectReadings: 'readings',
};

interface GivenCommand {
  type: string;
  refs: { decision?: string; outcome?: string };
}

function addCommand(found: Set<string>, payloads: Payloads): void {
  for (const { type, refs } of read<GivenCommand>(payloads)) {
    found.add(`command ${type}`);
    if (type === 'decide_approval') found.add(`decision ${refs.decision}`);
    if (type === 'sign_off') found.add(`sign-off ${refs.decision}`);
    if (type === 'resolve_publication') found.add(`resolution ${refs.outcome}`);
  }
}

function addLook(found: Set<string>, payloads: Payloads): void {
  for (const { recorded, askAgainMs, unavailable = [] } of read<CheckpointAnswer>(payloads)) {
    found.add(recorded ? 'readings stored' : 'readings not stored');
    if (typeof askAgainMs === 'number') found.add('readings asked again');
    if (unavailable.length > 0) found.add('readings not available');
  }
}

/** What came of a send, by the event that its record got. */
const SETTLED: Record<string, PublicationOutcome['outcome']> = {
  'publication.published': 'published',
  'publication.rejected': 'rejected',
  'publication.unknown': 'unknown',
  'publication.returned': 'hash_mismatch',
  'publication.missed': 'missed',
};

function addChain(found: Set<string>, chain: readonly ItemEvent[]): void {
  const sending = new Set<unknown>();
  for (const { type, actor, data } of chain) {
    found.add(`event ${type}`);
    const { publicationId } = data;
    const outcome = SETTLED[type];
    if (type === 'publication.sending') sending.add(publicationId);
    if (type === 'publication.due') found.add('deadline publication_due');
    if (type.startsWith('kpi_checkpoint.') && type !== 'kpi_checkpoint.planned') {
      found.add('deadline checkpoint');
    }
    if (type === 'publication.skipped' && actor === 'system') {
      found.add('deadline approval_deadline_passed');
    }
    if (type === 'publication.missed' && !sending.has(publicationId)) {
      found.add('deadline slot_passed');
    }
    if (outcome !== undefined && sending.delete(publicationId)) found.add(`outcome ${outcome}`);
    if (type === 'item.escalated' && data['because'] === 'overdue') found.add(CLOCK[3]);
    if (type === 'sla.breached') found.add(CLOCK[2]);
    if (type === 'sla.warned') found.add(data['percent'] === 50 ? CLOCK[0] : CLOCK[1]);
  }
}

const CLOCK = [0, 1, 2, 3].map((step) => `deadline clock_step ${step}`) as [
  string,
  string,
  string,
  string,
];

type Payloads = readonly Payload[] | null | undefined;

function read<T>(payloads: Payloads): T[] {
  return (payloads ?? []).map((payload) => defaultPayloadConverter.fromPayload<T>(payload));
}

interface Batch {
  events?: ItemEvent[];
  record?: { events: ItemEvent[] };
}

function eventsIn(payloads: Payloads): ItemEvent[] {
  return read<Batch | null>(payloads).flatMap((one) => one?.events ?? one?.record?.events ?? []);
}

const COVERAGE = new Map(
  RECORDED_HISTORIES.map((file) => [file, coverageOf(readHistory(file))] as const),
);

/** The recordings that hold it, or something of its kind. */
export function recordingsWith(wanted: string): string[] {
  return [...COVERAGE]
    .filter(([, found]) => [...found].some((one) => one === wanted || one.startsWith(`${wanted} `)))
    .map(([file]) => file);
}

/** What no recording holds. */
export function missingOf(coverages: Iterable<ReadonlySet<string>>): string[] {
  const all = new Set([...coverages].flatMap((found) => [...found]));
  return WANTED.filter((one) => !all.has(one));
}

export function missingRecordings(): string[] {
  return missingOf(COVERAGE.values());
}
