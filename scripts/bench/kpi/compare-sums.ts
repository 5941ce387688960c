import { z } from 'zod';

/** A sum of readings: of the whole, or of the part that it names. */
export interface Sum {
  /** Empty: the whole. */
  part: string;
  checkpoint: string;
  measure: string;
  value: number;
}

const RolledPage = z.object({
  items: z.array(
    z.object({
      scope: z.string(),
      checkpoints: z.array(
        z.object({
          checkpoint: z.string(),
          measures: z.record(z.string(), z.object({ value: z.number() })),
        }),
      ),
    }),
  ),
});

/** The sums of a roll-up as the API answers it; what is never added but as a gross sum is one here, too. */
export function sumsOfAnswer(answer: unknown): Sum[] {
  return RolledPage.parse(answer).items.flatMap(({ scope, checkpoints }) =>
    checkpoints.flatMap(({ checkpoint, measures }) =>
      Object.entries(measures).map(([name, { value }]) => ({
        part: /^channel:(.+)$/.exec(scope)?.[1] ?? '',
        checkpoint,
        measure: name.replace(/^gross_/, ''),
        value,
      })),
    ),
  );
}

/** Sums of one measure that a review states of the whole item, at the age that it judges. */
const OF_REVIEW = [
  { kpi: 'content_traffic', side: 'value', measure: 'sessions' },
  { kpi: 'pages_per_session', side: 'numerator', measure: 'pageviews' },
  { kpi: 'click_through_rate', side: 'numerator', measure: 'link_clicks' },
  { kpi: 'click_through_rate', side: 'denominator', measure: 'impressions' },
] as const;
const JUDGED_AT = '+90d';

const side = z.number().nullish();
const Review = z.object({
  verdicts: z.array(
    z.object({
      kpi: z.string(),
      scope: z.string(),
      checkpoint: z.string().nullable(),
      value: side,
      numerator: side,
      denominator: side,
    }),
  ),
});

export function sumsOfReview(answer: unknown): Sum[] {
  const rows = Review.parse(answer).verdicts.filter(({ scope }) => scope === 'item');
  return OF_REVIEW.flatMap(({ kpi, side: name, measure }) => {
    const row = rows.find((one) => one.kpi === kpi);
    const value = row?.[name] ?? null;
    return value === null ? [] : [{ part: '', checkpoint: row?.checkpoint ?? '', measure, value }];
  });
}

/** Those of an item's sums that its review states. */
export function reviewed(sums: readonly Sum[]): Sum[] {
  const measures: readonly string[] = OF_REVIEW.map(({ measure }) => measure);
  return sums.filter(
    ({ part, checkpoint, measure }) =>
      part === '' && checkpoint === JUDGED_AT && measures.includes(measure),
  );
}

/** Each sum that only one side has, or that the other one has otherwise. */
export function differentSums(ours: readonly Sum[], bare: readonly Sum[]): string[] {
  const [own, plain] = [byName(ours), byName(bare)];
  return [...new Set([...own.keys(), ...plain.keys()])].flatMap((name) => {
    const [one, other] = [own.get(name), plain.get(name)];
    return one === other ? [] : [`${name}: ${one ?? 'none'} and by SQL ${other ?? 'none'}`];
  });
}

/** @throws Error when one side has a sum twice. */
function byName(sums: readonly Sum[]): Map<string, number> {
  const named = new Map(
    sums.map(({ part, checkpoint, measure, value }) => [
      `${part === '' ? 'whole' : part} ${checkpoint} ${measure}`,
      value,
    ]),
  );
  if (named.size !== sums.length) throw new Error('a sum is there twice');
  return named;
}
