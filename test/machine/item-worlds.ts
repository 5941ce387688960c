import type { ItemMachineEvent } from '../../src/domain/item/commands.ts';
import type { Place } from '../../src/domain/item/stages.ts';
import { CAST } from './item-fixture.ts';
import type { Bounds } from './item-graph.ts';
import { toRefused } from './item-journeys.ts';
import { LINE, type World, worldInput } from './item-world.ts';

/** A world, and where its exploration ends because another world goes on from there. */
export const WORLDS: Record<string, { world: World; bounds?: Bounds }> = {
  'every command on one publication': {
    world: {
      ...LINE,
      drafts: [1, 2],
      extras: [
        'withdraw_handoff',
        'decline_handoff',
        'unschedule',
        'open_kpi_review',
        'hold',
        'cancel',
      ],
    },
  },
  'two briefs, two texts, two creators of whom one is an editor': {
    world: {
      ...LINE,
      briefs: ['brief a', 'brief b'],
      drafts: [1, 2],
      creators: [CAST.creator, CAST.creatorAndEditor],
      editors: [CAST.editor, CAST.creatorAndEditor],
      outcomes: ['published'],
    },
    bounds: { stopWhen: isReviewing, without: isTentative },
  },
  'two accounts that may fail in every way': {
    world: { ...LINE, accounts: ['sandbox', 'mastodon'], extras: ['unschedule', 'hold'] },
    bounds: { stopWhen: isReviewing, without: isTentative },
  },
  'two accounts and an edit at any time': {
    world: {
      ...LINE,
      accounts: ['sandbox', 'mastodon'],
      drafts: [1, 2],
      outcomes: ['published', 'unknown'],
    },
    bounds: { stopWhen: isReviewing, without: isTentative },
  },
  'a refused post beside a published one, up to the verdict': {
    world: {
      ...LINE,
      accounts: ['sandbox', 'mastodon'],
      drafts: [1, 2],
      outcomes: ['published', 'rejected'],
      extras: ['unschedule', 'open_kpi_review', 'hold'],
    },
    bounds: {
      from: toRefused(worldInput(LINE)).snapshot,
      without: (event, place, { reviews }) =>
        isTentative(event, place) && (place !== 'kpi_review' || reviews.length > 1),
    },
  },
  'a playbook that holds what is overdue': {
    world: { ...LINE, drafts: [1, 2], extras: ['hold'], overdue: 'hold' },
    bounds: { without: isTentative },
  },
  'a playbook that returns what is overdue': {
    world: { ...LINE, drafts: [1, 2], extras: ['unschedule'], overdue: 'return' },
  },
  'a playbook that cancels what is overdue': {
    world: { ...LINE, extras: ['unschedule', 'hold'], overdue: 'cancel' },
    bounds: { without: isTentative },
  },
  'a campaign that is cancelled at any time': {
    world: { ...LINE, extras: ['unschedule'], campaign: true },
  },
};

function isReviewing(place: Place): boolean {
  return place === 'kpi_review';
}

/** Slots that are held before there is anything to plan; the first world has them. */
function isTentative({ type }: ItemMachineEvent, place: Place): boolean {
  return (
    type === 'plan_schedule' && !['scheduling.planning', 'scheduled', 'publishing'].includes(place)
  );
}
