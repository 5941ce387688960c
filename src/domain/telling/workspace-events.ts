import type { CampaignEventType } from '../outbound/campaign-events.ts';
import type { ToldEvent } from './events.ts';
import type { Telling } from './notice.ts';
import { holdersOf, type People, personOf } from './people.ts';

/** What an event of the workspace itself, and of no item, tells people. */
export function noticesOfWorkspaceEvent(event: ToldEvent, people: People): Telling[] {
  switch (event.type) {
    case 'audit.finding_opened':
      return findingNotices(event, people);
    case 'administration.recorded':
      return actNotices(event, people);
    case 'campaign.released':
    case 'campaign.paused':
    case 'campaign.resumed':
    case 'campaign.cancelled':
    case 'campaign.review_opened':
    case 'campaign.review_returned':
    case 'campaign.review_closed':
      return campaignNotices({ ...event, type: event.type }, people);
    default:
      return [];
  }
}

/** Admins are told of what is found, and those the item waits for where it is critical. */
export function findingNotices({ data }: ToldEvent, people: People): Telling[] {
  const id = textOf(data['id'] ?? data['findingId']);
  if (id === '') return [];
  const severity = textOf(data['severity']);
  const waiting =
    Array.isArray(data['waitingOn']) && severity === 'critical' ? data['waitingOn'] : [];
  const named = waiting.flatMap(({ memberId }) => personOf(people, textOf(memberId) || null) ?? []);
  return [
    {
      kind: 'finding',
      cause: `${id} ${textOf(data['since'])}`,
      waitKey: null,
      about: {
        findingId: id,
        code: textOf(data['code']),
        severity,
        message: textOf(data['message']),
      },
      to: [...named, ...holdersOf(people, 'admin')].map((one) => ({
        memberId: one.id,
        textKey: 'finding',
      })),
    },
  ];
}

const OF_REVIEWS: readonly CampaignEventType[] = [
  'campaign.review_opened',
  'campaign.review_returned',
  'campaign.review_closed',
];

/** Its stakeholders are told, but for whoever did it; of a review that waits for a decision also strategists. */
function campaignNotices(
  { type, actor, data }: ToldEvent & { type: CampaignEventType },
  people: People,
): Telling[] {
  const memberIds = Array.isArray(data['memberIds']) ? data['memberIds'] : [];
  const stakeholders = memberIds.flatMap((id) => personOf(people, textOf(id) || null) ?? []);
  const isOfReview = OF_REVIEWS.includes(type);
  const asked =
    isOfReview && type !== 'campaign.review_closed' ? holdersOf(people, 'strategist') : [];
  const told = [...asked, ...stakeholders];
  return [
    {
      kind: isOfReview ? 'review_due' : 'administrative',
      cause: `${type} ${textOf(data['campaignId'])} ${textOf(data['at'])}`,
      waitKey: null,
      about: { name: textOf(data['name']), reason: textOf(data['reason']) },
      to: told.filter(({ id }) => id !== actor).map(({ id }) => ({ memberId: id, textKey: type })),
    },
  ];
}

/** The other admins are told what one of them did. */
function actNotices({ seq, actor, data }: ToldEvent, people: People): Telling[] {
  return [
    {
      kind: 'administrative',
      cause: `administration ${textOf(data['seq']) || seq}`,
      waitKey: null,
      about: {
        act: textOf(data['act']),
        target: textOf(data['target']),
        name: personOf(people, actor)?.name ?? actor,
      },
      to: holdersOf(people, 'admin')
        .filter(({ id }) => id !== actor)
        .map(({ id }) => ({ memberId: id, textKey: 'administrative' })),
    },
  ];
}

const MAX_TEXT = 500;

function textOf(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number'
    ? `${value}`.slice(0, MAX_TEXT)
    : '';
}
