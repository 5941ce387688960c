import { z } from 'zod';
import { type Benchmark, benchmarkOf } from './benchmark.ts';
import { MeasureId as MeasureName, type Reading } from './measures.ts';
import type { ScopeFigures } from './past-figures.ts';
import {
  checkpointAgeHours,
  compareText,
  isProvisionalReading,
  latestReadings,
} from './readings.ts';

/** What the same measure of own pieces was at an age. */
export const OwnPieces = z
  .object({
    pieces: z.int().describe('of the same channels and formats, of the 90 days before'),
    median: z.number().nullable().describe('null: fewer than 8 pieces'),
    low: z.number().nullable().describe('lower bound of the 95 % interval of the median'),
    high: z.number().nullable().describe('upper bound of the 95 % interval of the median'),
  })
  .meta({ id: 'OwnPieces' });
export type OwnPieces = z.infer<typeof OwnPieces>;

/** How one measure grew from age to age, over the posts that have it. */
export const Growth = z
  .object({
    measure: MeasureName,
    points: z.array(
      z.object({
        checkpoint: z.string(),
        value: z.number(),
        have: z.int().describe('posts that have a reading'),
        of: z.int().describe('posts'),
        ownPieces: OwnPieces.optional().describe(
          'absent where it was not compared: in reviews of before, and beyond 20 ages',
        ),
      }),
    ),
  })
  .meta({ id: 'Growth', description: 'sums of what was measured: a missing post adds nothing' });
export type Growth = z.infer<typeof Growth>;

/** The first of these that was measured is the one whose growth is shown. */
const GROWING = ['impressions', 'video_views', 'reactions', 'link_clicks'] as const;
type Growing = (typeof GROWING)[number];

/** So begin the names of sums, and no other ones of figures. */
export const GROWTH = 'growth:';

/** Ages of one growth that are compared, the oldest ones. */
const AGES_AT_MOST = 20;

/** The readings of one measure at one age. */
interface Sum {
  measure: Growing;
  checkpoint: string;
  ageHours: number;
  readings: readonly Reading[];
}

/** @param posts that went out. */
export function growthOf(readings: readonly Reading[], posts: number): Growth | null {
  const sums = shownSums(readings);
  const [first] = sums;
  if (first === undefined) return null;
  const points = sums.map(({ checkpoint, readings: found }) => ({
    checkpoint,
    value: totalOf(found),
    have: found.length,
    of: Math.max(posts, found.length),
  }));
  return { measure: first.measure, points };
}

/** A sum that own pieces may have, too. */
export interface GrownAt {
  ageHours: number;
  figure: string;
}

/** What the growth of a piece is compared at. */
export function comparedGrowth(readings: readonly Reading[]): GrownAt[] {
  return shownSums(readings)
    .slice(-AGES_AT_MOST)
    .map((sum) => ({ ageHours: sum.ageHours, figure: figureOf(sum) }));
}

/** What each sum of a growth was of own pieces: those that have all that it is made of. */
export type PastGrowth = readonly (GrownAt & { values: readonly number[] })[];

/** What is frozen of own pieces beside a growth. */
export const OwnGrowth = z.array(OwnPieces.extend({ ageHours: z.int() }));
export type OwnGrowth = z.infer<typeof OwnGrowth>;

export function ownGrowth(compared: readonly GrownAt[], past: PastGrowth): OwnGrowth {
  return compared.map(({ ageHours, figure }) => {
    const values =
      past.find((one) => one.ageHours === ageHours && one.figure === figure)?.values ?? [];
    return { ageHours, ...ownPieces(values.length, benchmarkOf(values)) };
  });
}

function ownPieces(pieces: number, benchmark: Benchmark | null): OwnPieces {
  const { median, low, high } = benchmark ?? { median: null, low: null, high: null };
  return { pieces, median, low, high };
}

/** A growth with own pieces beside each age that was compared. */
export function besideOwn(growth: Growth | null, own: OwnGrowth): Growth | null {
  if (growth === null) return null;
  const points = growth.points.map((point) => {
    const age = checkpointAgeHours(point.checkpoint);
    const { ageHours: _, ...found } = own.find(({ ageHours }) => ageHours === age) ?? {};
    return 'pieces' in found ? { ...point, ownPieces: found } : point;
  });
  return { ...growth, points };
}

/** The figures of a piece, with the sums that growths of later pieces are compared with. */
export function withGrown(
  figures: readonly ScopeFigures[],
  { readings, posts }: { readings: readonly Reading[]; posts: number },
): ScopeFigures[] {
  const counted = countedOf(readings);
  const grown = GROWING.flatMap((measure) => sumsOf(counted, measure)).filter(
    ({ readings: found }) => found.length >= posts && !found.some(isProvisionalReading),
  );
  const byAge = Map.groupBy(grown, ({ ageHours }) => ageHours);
  const added = [...byAge].map(([ageHours, sums]): ScopeFigures => {
    const own = figures.find((one) => one.scope === 'item' && one.ageHours === ageHours);
    const values = sums.map((sum) => [figureOf(sum), totalOf(sum.readings)]);
    return {
      scope: 'item',
      ageHours,
      figures: { ...own?.figures, ...Object.fromEntries(values) },
    };
  });
  const others = figures.filter(({ scope, ageHours }) => scope !== 'item' || !byAge.has(ageHours));
  return [...others, ...added];
}

/** As sources define the measure: another definition begins a new series. */
function figureOf({ measure, readings }: Sum): string {
  const definitions = new Set(readings.flatMap(({ definition = [] }) => definition));
  return [`${GROWTH}${measure}`, ...[...definitions].sort(compareText)].join(' ');
}

/** Of the measure whose growth is shown, youngest age first. */
function shownSums(readings: readonly Reading[]): Sum[] {
  const counted = countedOf(readings);
  const shown = GROWING.find((one) => counted.some(({ measure }) => measure === one));
  return shown === undefined ? [] : sumsOf(counted, shown);
}

function countedOf(readings: readonly Reading[]): Reading[] {
  return latestReadings(readings).filter(({ publicationId }) => publicationId !== undefined);
}

function sumsOf(counted: readonly Reading[], measure: Growing): Sum[] {
  const ages = Map.groupBy(
    counted.filter((reading) => reading.measure === measure),
    ({ checkpoint }) => checkpoint ?? '',
  );
  return [...ages]
    .flatMap(([checkpoint, found]): Sum[] => {
      const ageHours = checkpointAgeHours(checkpoint) ?? 0;
      return ageHours === 0 ? [] : [{ measure, checkpoint, ageHours, readings: found }];
    })
    .toSorted((a, b) => a.ageHours - b.ageHours);
}

function totalOf(readings: readonly Reading[]): number {
  return readings.reduce((sum, { value }) => sum + value, 0);
}
