import { isComparable } from './benchmark.ts';
import { KPI_IDS, type KpiId, kpiDefinition } from './catalogue.ts';
import { figureOf, type KpiFigure } from './figure.ts';
import { hasScope, type Measured, scopesOf } from './measured.ts';
import type { Reading } from './measures.ts';
import { checkpointAgeHours, checkpointsOf, type Scope } from './readings.ts';
import {
  descendants,
  type MeasuredPublication,
  nodeOf,
  publishedOnes,
  type ScopeNode,
  scopeTrees,
} from './roll-up/rollup.ts';

/** How far back own pieces are compared with. */
export const BENCHMARK_DAYS = 90;

/** The latest of them make the benchmark. */
export const PIECES_AT_MOST = 100;

/** Parts of one item that are compared: the item, its accounts, then its publications. */
const PARTS_AT_MOST = 20;

/** What own pieces reached in a figure at an age, for one scope of the piece under review. */
export interface PastFigures {
  scope: Scope;
  ageHours: number;
  /** As `figureKey` names it, or `baseKey` alone: figures of two definitions never mix. */
  figure: string;
  values: number[];
}

/**
 * Finds the past figures to compare a figure with. Those that were frozen before their names told of what
 * they are made count as long as there are no others.
 */
export function pastBy(past: readonly PastFigures[]): Measured['past'] {
  const keyOf = (scope: Scope, ageHours: number | null, figure: string) =>
    `${scope} ${ageHours} ${figure}`;
  const values = new Map(
    past.map((one) => [keyOf(one.scope, one.ageHours, one.figure), one.values]),
  );
  const told = new Set(
    past.flatMap(({ scope, ageHours, figure }) => {
      const [base = '', ...madeOf] = figure.split(' ');
      return madeOf.length > 0 ? [keyOf(scope, ageHours, base)] : [];
    }),
  );
  return (figure) => {
    const age = checkpointAgeHours(figure.checkpoint ?? '');
    const exact = values.get(keyOf(figure.scope, age, figureKey(figure)));
    const base = keyOf(figure.scope, age, baseKey(figure));
    return exact ?? (told.has(base) ? [] : (values.get(base) ?? []));
  };
}

/**
 * A KPI's figure by the definition that its value uses, by how its sources define the measures, and by what
 * its sum is without: another tool, or another term, begins a new series.
 */
function figureKey(figure: KpiFigure): string {
  const { definitions, notExposed } = figure;
  return [baseKey(figure), ...definitions, ...notExposed.map((input) => `-${input}`)].join(' ');
}

function baseKey({ kpi, formula }: Pick<KpiFigure, 'kpi' | 'formula'>): string {
  return `${kpi}:${formula.definition}`;
}

/** A part of an item that is compared with the like parts of others. */
export interface ComparedPart {
  scope: Scope;
  kind: 'item' | 'channel' | 'publication';
  /** Channels that it went out on, sorted and joined. */
  channels: string;
  /** When its first post went out. */
  publishedAt: string;
}

type ChannelPublication = MeasuredPublication & { channel: string };

/** What an item is compared as: its parts, and the formats it was made in. */
export function comparedPiece({
  publications,
  draft,
}: {
  publications: readonly ChannelPublication[];
  draft: { assetKinds: readonly string[] } | null;
}): { parts: ComparedPart[]; formats: string } {
  const formats = (draft?.assetKinds ?? []).toSorted().join('+');
  return { parts: comparedParts(publications), formats };
}

/** The item, its accounts and its publications, as far as they went out. */
function comparedParts(publications: readonly ChannelPublication[]): ComparedPart[] {
  const out = publishedOnes(publications);
  const accounts = Map.groupBy(out, ({ channelAccountId }) => channelAccountId);
  return [
    ...partOf('item', 'item', out),
    ...[...accounts].flatMap(([id, posts]) => partOf('channel', `channel:${id}`, posts)),
    ...out.flatMap((post) => partOf('publication', `publication:${post.id}`, [post])),
  ].slice(0, PARTS_AT_MOST);
}

/** The ages that a review compares at: those it judges, and the oldest one that was read. */
export function comparedAges(review: {
  targets: readonly { checkpoint: string }[];
  guardrails: readonly { checkpoint: string }[];
  readings: Iterable<Reading>;
}): number[] {
  const oldest = checkpointsOf(review.readings).slice(0, 1);
  const names = [...review.targets, ...review.guardrails].map(({ checkpoint }) => checkpoint);
  return [...new Set([...names, ...oldest].flatMap((name) => checkpointAgeHours(name) ?? []))];
}

function partOf(
  kind: ComparedPart['kind'],
  scope: Scope,
  posts: readonly ChannelPublication[],
): ComparedPart[] {
  const [publishedAt] = posts
    .flatMap((post) => post.publishedAt ?? [])
    .sort((a, b) => Date.parse(a) - Date.parse(b));
  if (publishedAt === undefined) return [];
  const channels = [...new Set(posts.map(({ channel }) => channel))].sort().join('+');
  return [{ scope, kind, channels, publishedAt }];
}

/** The figures of one scope at one age that others may be compared with. */
export interface ScopeFigures {
  scope: Scope;
  ageHours: number;
  figures: Record<string, number>;
}

/** Every complete and settled figure of an item, at every age that was read. */
export function comparableFigures(item: {
  publications: readonly MeasuredPublication[];
  readings: readonly Reading[];
}): ScopeFigures[] {
  const publications = publishedOnes(item.publications);
  const treeAt = scopeTrees({ publications, readings: item.readings });
  return checkpointsOf(item.readings).flatMap((checkpoint) => {
    const tree = treeAt(checkpoint);
    return scopesOf(tree).flatMap((scope) => {
      const node = nodeOf(tree, scope);
      const ageHours = checkpointAgeHours(checkpoint);
      if (node === null || ageHours === null || !hasCells(node)) return [];
      const figures = figuresAt(node, { scope, checkpoint });
      return Object.keys(figures).length === 0 ? [] : [{ scope, ageHours, figures }];
    });
  });
}

function figuresAt(
  tree: ScopeNode,
  { scope, checkpoint }: { scope: Scope; checkpoint: string },
): Record<string, number> {
  const figuresOfKpi = (kpi: KpiId) =>
    hasScope(kpi, scope)
      ? kpiDefinition(kpi).figures.map((figure) => figureOf({ kpi, tree, checkpoint, figure }))
      : [];
  return Object.fromEntries(
    KPI_IDS.flatMap(figuresOfKpi)
      .filter(isComparable)
      .flatMap((figure) => (figure.value === null ? [] : [[figureKey(figure), figure.value]])),
  );
}

function hasCells(node: ScopeNode): boolean {
  return [node, ...descendants(node)].some(({ cells }) => cells.size > 0);
}
