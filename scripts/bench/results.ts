import type { PublishedHistory } from './history.ts';
import { type Block, CONCURRENCIES, type Concurrency } from './measure.ts';
import { type Latency, latencyOf, quantileOf, type Spread, spreadOf } from './statistics.ts';
import { VARIANT_KEYS, type VariantKey } from './variants.ts';

/** One line of the table: a variant at one concurrency, over all rounds. */
export interface VariantResult {
  variant: VariantKey;
  concurrency: Concurrency;
  itemsPerSecond: Spread;
  accepted: Latency;
  refused: Latency;
  /** Processor time of each part per accepted command in milliseconds, the median of the rounds. */
  processorMs: Record<string, number>;
}

/** A ratio that a target is set for, with its spread over the rounds. */
export interface TargetResult {
  name: string;
  concurrency: Concurrency | null;
  ratio: Spread;
  target: { atMost: number } | { atLeast: number };
  met: boolean;
}

export interface Results {
  variants: VariantResult[];
  /** What Baton's run costs over a bare one, and its API over its run: no target is set for these. */
  shares: { name: string; concurrency: Concurrency; ratio: Spread }[];
  targets: TargetResult[];
  historyEvents: Record<VariantKey, number>;
  published: PublishedHistory;
  memoryMib: Record<string, number | null>;
}

type Figure = (block: Block) => number;

const acceptedMedian: Figure = ({ accepted }) => quantileOf(accepted, 0.5);
const refusedMedian: Figure = ({ refused }) => quantileOf(refused, 0.5);
const itemsPerSecond: Figure = (block) => block.itemsPerSecond;

const TARGETS = [
  { name: 'accepted (d) / (a)', figure: acceptedMedian, over: 'a', target: { atMost: 1.3 } },
  { name: 'accepted (d) / (b)', figure: acceptedMedian, over: 'b', target: { atMost: 0.6 } },
  { name: 'refused (d) / (a)', figure: refusedMedian, over: 'a', target: { atMost: 1.3 } },
  { name: 'items/s (d) / (b)', figure: itemsPerSecond, over: 'b', target: { atLeast: 1.2 } },
] as const;

const SHARES = [
  { name: 'accepted (c) / (a): the machine', figure: acceptedMedian, of: 'c', over: 'a' },
  { name: 'accepted (d) / (c): the API', figure: acceptedMedian, of: 'd', over: 'c' },
] as const;

/** History events of a standard item up to its publication. */
export const MAX_HISTORY_EVENTS = 80;

/** Every figure that is reported, from the blocks of all rounds. */
export function summarise(measured: {
  blocks: readonly Block[];
  historyEvents: Record<VariantKey, number>;
  published: PublishedHistory;
  memoryMib: Record<string, number | null>;
}): Results {
  const { blocks, historyEvents, published, memoryMib } = measured;
  const perConcurrency = CONCURRENCIES.flatMap((concurrency) =>
    TARGETS.map(({ name, figure, over, target }): TargetResult => {
      const ratio = ratioOf(blocks, { of: 'd', over, concurrency, figure });
      return { name, concurrency, ratio, target, met: isMet(ratio.median, target) };
    }),
  );
  const events = published.item;
  const target = { atMost: MAX_HISTORY_EVENTS };
  return {
    variants: CONCURRENCIES.flatMap((concurrency) =>
      VARIANT_KEYS.map((variant) => variantResult(blocks, variant, concurrency)),
    ),
    shares: CONCURRENCIES.flatMap((concurrency) =>
      SHARES.map(({ name, ...question }) => ({
        name,
        concurrency,
        ratio: ratioOf(blocks, { ...question, concurrency }),
      })),
    ),
    targets: [
      ...perConcurrency,
      {
        name: 'history events until published',
        concurrency: null,
        ratio: { min: events, median: events, max: events },
        target,
        met: isMet(events, target),
      },
    ],
    historyEvents,
    published,
    memoryMib,
  };
}

function isMet(value: number, target: TargetResult['target']): boolean {
  return 'atMost' in target ? value <= target.atMost : value >= target.atLeast;
}

function variantResult(
  blocks: readonly Block[],
  variant: VariantKey,
  concurrency: Concurrency,
): VariantResult {
  const own = blocks.filter(
    (block) => block.variant === variant && block.concurrency === concurrency,
  );
  return {
    variant,
    concurrency,
    itemsPerSecond: spreadOf(own.map(itemsPerSecond)),
    accepted: latencyOf(own.flatMap(({ accepted }) => accepted)),
    refused: latencyOf(own.flatMap(({ refused }) => refused)),
    processorMs: Object.fromEntries(
      Object.keys(own[0]?.processorMs ?? {}).map((part) => [
        part,
        quantileOf(
          own.map(({ processorMs }) => processorMs[part] ?? 0),
          0.5,
        ),
      ]),
    ),
  };
}

/** One ratio per round, between blocks of that round only: the machine's mood changes slower. */
function ratioOf(
  blocks: readonly Block[],
  question: { of: VariantKey; over: VariantKey; concurrency: Concurrency; figure: Figure },
): Spread {
  const { of, over, concurrency, figure } = question;
  const figures = (variant: VariantKey) =>
    new Map(
      blocks
        .filter((block) => block.variant === variant && block.concurrency === concurrency)
        .map((block) => [block.round, figure(block)]),
    );
  const below = figures(over);
  return spreadOf(
    [...figures(of)].flatMap(([round, value]) => {
      const base = below.get(round);
      return base === undefined ? [] : [value / base];
    }),
  );
}
