import { z } from 'zod';
import { MEASURE_IDS, type MeasureId } from './measure-rules.ts';
import { MeasureId as MeasureName, type Reading } from './measures.ts';
import { checkpointAgeHours, compareText, latestReadings, readingScope } from './readings.ts';
import { KpiId, type ReviewVerdicts, VerdictRow } from './verdict-schema.ts';

/** Of the sources that were to give numbers, those that did: each once per post and age of a target. */
export const Completeness = z
  .object({
    have: z.int(),
    of: z.int(),
    missing: z.array(
      z.object({
        publicationId: z.string(),
        checkpoint: z.string(),
        state: z.enum(['due', 'missing']),
        source: z.string().optional().describe('absent where no source is known'),
      }),
    ),
  })
  .meta({
    id: 'Completeness',
    description: 'sources with numbers, counted per post at the ages of the targets',
  });
export type Completeness = z.infer<typeof Completeness>;

interface AskedOf {
  publicationId: string;
  checkpoint: string;
}

/** A checkpoint of which no source is known counts as one. A source with any number gave its numbers. */
export function completenessOf(
  targets: readonly { checkpoint: string }[],
  checkpoints: readonly (AskedOf & { state: 'due' | 'recorded' | 'missing' })[],
  {
    readings,
    unavailable,
  }: {
    readings: readonly Pick<Reading, 'publicationId' | 'checkpoint' | 'source'>[];
    unavailable: readonly (AskedOf & { source: string })[];
  },
): Completeness {
  const ages = new Set(targets.map(({ checkpoint }) => checkpointAgeHours(checkpoint)));
  const asked = checkpoints.filter((one) => ages.has(checkpointAgeHours(one.checkpoint)));
  const gave = sourcesByCheckpoint(readings);
  const silent = sourcesByCheckpoint(unavailable);
  let have = 0;
  const missing: Completeness['missing'] = [];
  for (const { publicationId, checkpoint, state } of asked) {
    const key = checkpointKey(publicationId, checkpoint);
    const answered = gave.get(key) ?? new Set();
    const failed = [...(silent.get(key) ?? [])].filter((source) => !answered.has(source));
    const lacking = state === 'recorded' ? 'missing' : state;
    missing.push(
      ...failed.map((source) => ({ publicationId, checkpoint, state: lacking, source })),
    );
    if (state === 'recorded') have += Math.max(1, answered.size);
    else if (failed.length === 0) missing.push({ publicationId, checkpoint, state });
  }
  return { have, of: have + missing.length, missing };
}

function sourcesByCheckpoint(
  all: readonly Pick<Reading, 'publicationId' | 'checkpoint' | 'source'>[],
): Map<string, Set<string>> {
  const sources = new Map<string, Set<string>>();
  for (const { publicationId = '', checkpoint = '', source } of all) {
    const key = checkpointKey(publicationId, checkpoint);
    sources.set(key, (sources.get(key) ?? new Set()).add(source));
  }
  return sources;
}

function checkpointKey(publicationId: string, checkpoint: string): string {
  return `${publicationId} ${checkpointAgeHours(checkpoint)}`;
}

/** The best and the worst post by the primary KPI. */
export const Extremes = z
  .object({ kpi: KpiId, best: VerdictRow, worst: VerdictRow })
  .meta({ id: 'Extremes', description: 'by the primary KPI; of two posts or more with a value' });
export type Extremes = z.infer<typeof Extremes>;

export function extremesOf({
  rows,
  primary,
}: Pick<ReviewVerdicts, 'rows' | 'primary'>): Extremes | null {
  if (primary === null) return null;
  const posts = new Map<string, VerdictRow>();
  for (const row of rows) {
    const isOfPrimary = row.kpi === primary.kpi && row.checkpoint === primary.checkpoint;
    const isPost = row.scope.startsWith('publication:');
    if (isOfPrimary && isPost && row.value !== null) posts.set(row.scope, row);
  }
  const sorted = [...posts.values()].toSorted((a, b) => {
    const difference = (b.value ?? 0) - (a.value ?? 0);
    return (a.direction === 'higher' ? difference : -difference) || compareText(a.scope, b.scope);
  });
  const [best, worst] = [sorted.at(0), sorted.at(-1)];
  return best === undefined || worst === undefined || best === worst
    ? null
    : { kpi: primary.kpi, best, worst };
}

/** What the piece took: rounds of review, who approved, and how long it was in each stage. */
export const Effort = z
  .object({
    rounds: z.int().describe('rounds of changes'),
    approvers: z.int().describe('people who decided on its content'),
    stages: z
      .array(z.object({ stage: z.string(), hours: z.number() }))
      .describe('in the order in which it came there first'),
  })
  .meta({ id: 'Effort' });
export type Effort = z.infer<typeof Effort>;

/** @param until where the last stage ends that is not over. */
export function effortOf(
  changes: readonly { at: string; from: string | null; to: string }[],
  { rounds, approvers, until }: { rounds: number; approvers: number; until: string },
): Effort {
  const spent = new Map<string, number>();
  for (const [index, { at, to }] of changes.entries()) {
    const end = changes[index + 1]?.at ?? until;
    const ms = Math.max(0, Date.parse(end) - Date.parse(at));
    spent.set(to, (spent.get(to) ?? 0) + ms);
  }
  const open = [...spent].filter(([stage]) => stage !== 'closed' && stage !== 'cancelled');
  const stages = open.map(([stage, ms]) => ({ stage, hours: Math.round(ms / 36_000) / 100 }));
  return { rounds, approvers, stages };
}

/** From being shown to what it is for. A step that nobody measured is null, never 0. */
export const FunnelStep = z
  .object({ measure: MeasureName, value: z.number().nullable() })
  .meta({ id: 'FunnelStep' });
export type FunnelStep = z.infer<typeof FunnelStep>;

const FUNNEL: readonly MeasureId[] = ['impressions', 'link_clicks', 'sessions', 'key_events'];

/** Each step at the oldest age at which it was measured, over its posts or, without, over the item. */
export function funnelOf(readings: readonly Reading[]): FunnelStep[] {
  const latest = latestReadings(readings);
  return FUNNEL.filter((step) => MEASURE_IDS.includes(step)).map((measure) => {
    const found = latest.filter((reading) => reading.measure === measure);
    const scopes = ['publication:', 'channel:', 'item'];
    const kind = scopes.find((start) =>
      found.some((reading) => readingScope(reading).startsWith(start)),
    );
    if (kind === undefined) return { measure, value: null };
    const parts = Map.groupBy(
      found.filter((reading) => readingScope(reading).startsWith(kind)),
      readingScope,
    );
    const value = [...parts.values()].reduce((sum, part) => sum + oldest(part).value, 0);
    return { measure, value };
  });
}

function oldest(readings: readonly Reading[]): Reading {
  const age = ({ checkpoint }: Reading) => checkpointAgeHours(checkpoint ?? '') ?? 0;
  return readings.reduce((best, one) => (age(one) >= age(best) ? one : best));
}
