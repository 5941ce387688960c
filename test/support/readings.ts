import type { MeasureId, Reading } from '../../src/domain/kpi/measures.ts';

type ReadingChange = Omit<Partial<Reading>, 'measure' | 'value'>;

/** Readings of one scope and checkpoint, one per measure. Ids follow from their content. */
export function readingsOf(
  values: Partial<Record<MeasureId, number>>,
  change: ReadingChange = {},
): Reading[] {
  const scope = change.publicationId ?? change.channelAccountId ?? 'item';
  return Object.entries(values).map(([measure, value]) => ({
    id: `rdg_${scope}_${change.checkpoint ?? 'any'}_${measure}`,
    // Keys of a record over measures.
    measure: measure as MeasureId,
    value,
    asOf: '2026-03-09T08:00:00Z',
    source: 'manual',
    provisional: false,
    ...change,
  }));
}

/** Two posts on one account, one on another, as a review sees them. */
export const PUBLICATIONS = [
  {
    id: 'pub_1',
    channelAccountId: 'cha_1',
    state: 'published',
    publishedAt: '2026-03-02T08:00:00Z',
  },
  {
    id: 'pub_2',
    channelAccountId: 'cha_1',
    state: 'published',
    publishedAt: '2026-03-03T08:00:00Z',
  },
  {
    id: 'pub_3',
    channelAccountId: 'cha_2',
    state: 'published',
    publishedAt: '2026-03-02T08:00:00Z',
  },
] as const;

/** Every order of a list would be too many; this one is another order, the same on every run. */
export function reversed<T>(list: readonly T[]): T[] {
  return [...list].reverse();
}
