import type { SystemEvent } from '../../src/domain/item/commands.ts';
import type { ItemContext } from '../../src/domain/item/context.ts';
import { isSuperseded } from '../../src/domain/item/moves/publication.ts';

/** System events that nothing asked for: late, early, repeated, about the wrong thing. */
export function systemEventsAbout(context: ItemContext, at: string): SystemEvent[] {
  const ids = [...context.publications.map(({ id }) => id), 'pub_unknown'];
  const about = ids.flatMap((publicationId): SystemEvent[] => {
    const key = { at, publicationId };
    const outcomes = ['published', 'rejected', 'unknown', 'missed', 'hash_mismatch'] as const;
    return [
      { type: 'publication_due', ...key },
      { type: 'publication_sending', ...key },
      { type: 'slot_passed', ...key },
      { type: 'approval_deadline_passed', ...key },
      { type: 'checkpoint_recorded', ...key, checkpoint: '+1h' },
      { type: 'checkpoint_missed', ...key, checkpoint: '+99d' },
      ...outcomes.map((outcome) => ({
        type: 'publication_settled' as const,
        ...key,
        outcome,
        ...(isSuperseded(context, publicationId) && { superseded: true as const }),
      })),
    ];
  });
  const steps = [0, 1, 2, 3] as const;
  return [
    ...about,
    ...steps.map((step) => ({ type: 'clock_step' as const, at, step, percent: 10 * step })),
    { type: 'review_frozen', at, reviewId: 'rev_unknown', hash: 'another' },
    { type: 'review_frozen', at, reviewId: context.reviews.at(-1)?.id ?? '', hash: 'again' },
    { type: 'campaign_released', at },
  ];
}
