import { type ItemContext, publicationById } from '../item/context.ts';
import { rulesOf } from '../item/machine/rules.ts';
import { isClockedStage, type Place, type Stage } from '../item/stages.ts';
import { INFORMED_ROLES, type Role } from '../people/roles.ts';
import type { NoticeKind } from './kinds.ts';
import { inRole, ladderNotices } from './ladder.ts';
import type { Telling } from './notice.ts';
import { holdersOf, type People, personOf } from './people.ts';
import { remindersOf } from './reminders.ts';
import type { NoticeAbout, NoticeTextKey } from './texts.ts';
import { waitsOf } from './waits.ts';

/** An event that left its item's chain through the outbox. */
export interface ToldEvent {
  type: string;
  seq: number;
  actor: string;
  data: Readonly<Record<string, unknown>>;
}

/** An item as it is now, later perhaps than the event. */
export interface ToldItem {
  place: Place;
  context: ItemContext;
  about: NoticeAbout;
}

/** Roles that are told how a piece did, beside its team. */
const TOLD_OF_REVIEWS: readonly Role[] = ['leadership', 'marketing', 'sales_crm', 'advertising'];

/** What an event of an item tells people, beside what the item now waits for (`asksOf`). */
export function noticesOfEvent(event: ToldEvent, item: ToldItem, people: People): Telling[] {
  const { context } = item;
  const team = membersOf(context);
  const tell = (kind: NoticeKind, textKey: NoticeTextKey, to: readonly (string | null)[]) => [
    telling(event, item, people, { kind, textKey, to }),
  ];
  const holders = (roles: readonly Role[]) =>
    roles.flatMap((role) => holdersOf(people, role).map(({ id }) => id));
  const inCharge = (role: Role) => inRole(role, { context, people }).map(({ id }) => id);
  switch (event.type) {
    case 'sla.warned':
    case 'sla.breached':
      return clockNotices(event, item, people);
    case 'item.escalated':
      return event.data['because'] === 'overdue'
        ? clockNotices(event, item, people)
        : tell('escalation', 'escalation.revision_limit', inCharge('strategist'));
    case 'item.reminded':
      return askedReminders(event, item, people);
    case 'handoff.accepted':
      return tell('decided', 'decided.accepted', offererOf(event, context));
    case 'handoff.declined':
      return tell('returned', 'returned.declined', [
        ...offererOf(event, context),
        ...(event.data['kind'] === 'schedule' ? inCharge('creator') : []),
      ]);
    case 'approval.decided':
      return event.data['decision'] === 'approve'
        ? tell('decided', 'decided.approved', [...inCharge('creator'), ...inCharge('strategist')])
        : tell('returned', 'returned.changes_requested', [
            ...inCharge('creator'),
            ...inCharge('strategist'),
          ]);
    case 'approval.voided':
      return tell('voided', 'voided', [...decidersOf(event, context), ...team]);
    case 'publication.returned':
      return tell('returned', 'returned.content', team);
    case 'publication.published':
      return tell('published', 'published', [...team, ...holders(INFORMED_ROLES)]);
    case 'publication.rejected':
      return tell('publication_trouble', 'trouble.rejected', troubled(context, people));
    case 'publication.unknown':
      return tell('publication_trouble', 'trouble.unknown', troubled(context, people));
    case 'publication.missed':
      return tell('publication_trouble', 'trouble.missed', troubled(context, people));
    case 'publication.slot_released':
      return tell('publication_trouble', 'trouble.released', troubled(context, people));
    case 'kpi_review.closed':
      return tell('decided', 'decided.review_closed', [...team, ...holders(TOLD_OF_REVIEWS)]);
    case 'kpi_review.verdict_flipped':
      return tell('review_due', 'review.flipped', inCharge('strategist'));
    case 'item.cancelled':
      return tell('decided', 'decided.cancelled', team);
    default:
      return [];
  }
}

function telling(
  event: ToldEvent,
  { context, about }: ToldItem,
  people: People,
  {
    kind,
    textKey,
    to,
  }: { kind: NoticeKind; textKey: NoticeTextKey; to: readonly (string | null)[] },
): Telling {
  return {
    kind,
    // An addendum is in no chain: its own number tells it from the next one.
    cause: [context.itemId, event.seq, kind, event.data['addendum'] ?? []].flat().join(' '),
    waitKey: null,
    about: { ...about, ...factsOf(event, context), name: nameOf(event.actor, people) },
    to: to.flatMap((memberId) =>
      memberId === null || memberId === event.actor || personOf(people, memberId) === null
        ? []
        : [{ memberId, textKey }],
    ),
  };
}

/** Only those whom the repair found: who was reminded just before is left alone. */
function askedReminders(
  { data: { memberIds, remindedAt: at } }: ToldEvent,
  { place, context, about }: ToldItem,
  people: People,
): Telling[] {
  if (!Array.isArray(memberIds) || typeof at !== 'string') return [];
  return remindersOf(place, context, { people, about, at }).map(({ to, ...telling }) => ({
    ...telling,
    to: to.filter(({ memberId }) => memberIds.includes(memberId)),
  }));
}

const RUNGS = ['half', 'most', 'full', 'over'] as const;

/** Why people are told of the clock: nothing once the item has moved on, or got more time. */
function clockNotices(event: ToldEvent, item: ToldItem, people: People): Telling[] {
  const { place, context, about } = item;
  const { stage, percent, dueAt, policy = 'none' } = event.data;
  if (!isStageName(stage) || typeof percent !== 'number' || typeof dueAt !== 'string') return [];
  if (!isClockedStage(stage)) return [];
  const step = { stage, percent, dueAt };
  if (typeof policy === 'string' && policy !== 'none') {
    const textKey = `breach.${policy}` as NoticeTextKey;
    const roles = ['leadership', 'strategist'] as const;
    const to = roles.flatMap((role) => inRole(role, { context, people }).map(({ id }) => id));
    const told = { kind: 'escalation', textKey, to: [...to, ...membersOf(context)] } as const;
    const { about: facts, ...rest } = telling(event, item, people, told);
    return [{ ...rest, about: { ...facts, ...step } }];
  }
  const isStill = context.clock?.stage === stage && context.stage === stage;
  const due = context.clock?.steps[2];
  if (!isStill || due === undefined || new Date(due).toISOString() !== dueAt) return [];
  const rung = RUNGS[rulesOf(context).clockPercents.indexOf(percent as never)];
  if (rung === undefined) return [];
  return ladderNotices(step, rung, waitsOf(place, context), { context, people, about });
}

function isStageName(stage: unknown): stage is Stage {
  return typeof stage === 'string';
}

function membersOf({ team, coAuthors }: ItemContext): (string | null)[] {
  return [...Object.values(team), ...coAuthors];
}

function offererOf({ data }: ToldEvent, { handoffs, team }: ItemContext): (string | null)[] {
  const offered = handoffs.find(({ id }) => id === data['handoffId']);
  return [offered?.offeredBy ?? null, team.strategist];
}

function decidersOf({ data }: ToldEvent, { approvals }: ItemContext): string[] {
  const set = approvals.find(({ number }) => number === data['approvalSet']);
  return (set?.decisions ?? []).map(({ memberId }) => memberId);
}

function troubled(context: ItemContext, people: People): string[] {
  const ground = { context, people };
  return [...inRole('social_media_manager', ground), ...inRole('strategist', ground)].map(
    ({ id }) => id,
  );
}

/** Nobody is told more of a text than this. */
const MAX_TEXT = 300;

/** Fields of an event that its notice says. */
function factsOf({ data }: ToldEvent, context: ItemContext): NoticeAbout {
  const publicationId = data['publicationId'];
  const record = typeof publicationId === 'string' ? publicationById(context, publicationId) : null;
  const named = [
    'role',
    'reason',
    'evidence',
    'decision',
    'round',
    'publicationId',
    'contentHash',
    'kpi',
    'was',
    'is',
  ];
  const facts = named.flatMap((name): [string, string | number][] => {
    const value = data[name];
    if (typeof value === 'number') return [[name, value]];
    return typeof value === 'string' ? [[name, value.slice(0, MAX_TEXT)]] : [];
  });
  return { ...Object.fromEntries(facts), ...(record !== null && { channel: record.channel }) };
}

function nameOf(actor: string, people: People): string {
  return actor === 'system' ? 'Baton' : (personOf(people, actor)?.name ?? actor);
}
