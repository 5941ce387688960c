import { type Latency, latencyOf, quantileOf, type Spread, spreadOf } from './statistics.ts';
import type { Storm } from './storm.ts';
import { STORM_KEYS, type StormKey } from './storm-variants.ts';

/** A variant over all rounds. Times in milliseconds. */
export interface StormResult {
  variant: StormKey;
  posts: number;
  postsPerSecond: Spread;
  lateness: Latency | null;
  /** Until everything that follows the posts was done, the median of the rounds; null when it was not. */
  settledAfter: number | null;
  lost: number;
  twice: number;
  early: number;
  processorMs: Record<string, number>;
  transactions: number;
}

export interface StormResults {
  variants: StormResult[];
  /** Baton's rate over the bare one, per round. */
  ratio: Spread;
  target: number;
  met: boolean;
  /** Every post of every storm was accepted exactly once, and none before its time. */
  sound: boolean;
}

/** Share of the bare rate that Baton has to reach. */
export const STORM_TARGET = 0.5;

/** From the due time to the last acceptance. */
export function postsPerSecond({ posts, lateness }: Pick<Storm, 'posts' | 'lateness'>): number {
  const last = Math.max(1, ...lateness);
  return (Math.min(posts, lateness.length) / last) * 1_000;
}

/** Every figure that is reported, from the storms of all rounds. */
export function summariseStorms(storms: readonly Storm[]): StormResults {
  const ratio = spreadOf(ratiosOf(storms));
  const variants = STORM_KEYS.map((key) => resultOf(key, storms));
  return {
    variants,
    ratio,
    target: STORM_TARGET,
    met: ratio.median >= STORM_TARGET,
    sound: variants.every(({ lost, twice, early }) => lost + twice + early === 0),
  };
}

/** One ratio per round, between the storms of that round only: the machine's mood changes slower. */
function ratiosOf(storms: readonly Storm[]): number[] {
  const bare = new Map(
    storms.filter(({ variant }) => variant === 'bare').map((storm) => [storm.round, storm]),
  );
  return storms
    .filter(({ variant }) => variant === 'baton')
    .flatMap((storm) => {
      const base = bare.get(storm.round);
      return base === undefined ? [] : [postsPerSecond(storm) / postsPerSecond(base)];
    });
}

function resultOf(variant: StormKey, storms: readonly Storm[]): StormResult {
  const own = storms.filter((storm) => storm.variant === variant);
  const lateness = own.flatMap((storm) => storm.lateness);
  const settled = own.map(({ settledAfter }) => settledAfter);
  const sumOf = (figure: 'posts' | 'lost' | 'twice' | 'early') =>
    own.reduce((total, storm) => total + storm[figure], 0);
  const parts = Object.keys(own[0]?.processorMs ?? {});
  return {
    variant,
    posts: sumOf('posts'),
    postsPerSecond: spreadOf(own.map(postsPerSecond)),
    lateness: lateness.length === 0 ? null : latencyOf(lateness),
    settledAfter: settled.every((ms) => ms !== null) ? quantileOf(settled, 0.5) : null,
    lost: sumOf('lost'),
    twice: sumOf('twice'),
    early: sumOf('early'),
    processorMs: Object.fromEntries(
      parts.map((part) => [
        part,
        quantileOf(
          own.map((storm) => storm.processorMs[part] ?? 0),
          0.5,
        ),
      ]),
    ),
    transactions: quantileOf(
      own.map(({ transactions }) => transactions),
      0.5,
    ),
  };
}
