/** A 95 % interval. Bounds are inclusive. */
export interface Interval {
  low: number;
  high: number;
}

/** 97.5 % quantile of the standard normal distribution. */
const Z = 1.959963984540054;
const TAIL = 0.025;

/**
 * Wilson score interval of `successes` out of `trials` (E. B. Wilson, 1927), without continuity
 * correction. Needs `0 <= successes <= trials` and `trials > 0`.
 */
export function wilsonInterval(successes: number, trials: number): Interval {
  if (!(trials > 0) || successes < 0 || successes > trials) {
    throw new RangeError(`no Wilson interval for ${successes} of ${trials}`);
  }
  const p = successes / trials;
  const z2 = Z * Z;
  const centre = p + z2 / (2 * trials);
  const spread = Z * Math.sqrt((p * (1 - p)) / trials + z2 / (4 * trials * trials));
  const scale = 1 + z2 / trials;
  return {
    low: successes === 0 ? 0 : Math.min(p, settle((centre - spread) / scale)),
    high: successes === trials ? 1 : Math.max(p, settle((centre + spread) / scale)),
  };
}

/**
 * Exact interval of a Poisson count (F. Garwood, 1936): the rates under which seeing so many, or so
 * few, still has a chance of 2.5 %. Needs a whole number that is not negative.
 */
export function poissonInterval(count: number): Interval {
  if (!Number.isSafeInteger(count) || count < 0) {
    throw new RangeError(`no Poisson interval for ${count}`);
  }
  if (count > EXACT_UP_TO) return approximateInterval(count);
  const reach = Z * Math.sqrt(count + 1) * 2 + 6;
  return {
    low:
      count === 0
        ? 0
        : settle(
            bisect(Math.max(0, count - reach), count, (rate) => upperTail(count, rate) < TAIL),
          ),
    high: settle(bisect(count, count + reach, (rate) => lowerTail(count, rate) > TAIL)),
  };
}

/** Above this the series below has ten right digits, and costs nothing. */
const EXACT_UP_TO = 1_000;

/**
 * The gamma quantiles in Garwood's interval by their Cornish–Fisher series (H. Goldberg and H. Levine,
 * Annals of Mathematical Statistics 17, 1946).
 */
function approximateInterval(count: number): Interval {
  return { low: settle(gammaQuantile(count, -Z)), high: settle(gammaQuantile(count + 1, Z)) };
}

function gammaQuantile(shape: number, z: number): number {
  const root = Math.sqrt(shape);
  return (
    shape +
    root * z +
    (z ** 2 - 1) / 3 +
    (z ** 3 - 7 * z) / (36 * root) -
    (6 * z ** 4 + 14 * z ** 2 - 32) / (1_620 * shape) +
    (9 * z ** 5 + 256 * z ** 3 - 433 * z) / (38_880 * shape * root)
  );
}

/** P(X >= count) for a rate below the count: terms shrink from the first on. */
function upperTail(count: number, rate: number): number {
  if (rate <= 0) return 0;
  let term = pointProbability(count, rate);
  let sum = 0;
  for (let k = count; term > sum * 1e-17; k += 1) {
    sum += term;
    term *= rate / (k + 1);
  }
  return sum;
}

/** P(X <= count) for a rate above the count: terms shrink from the first on. */
function lowerTail(count: number, rate: number): number {
  let term = pointProbability(count, rate);
  let sum = 0;
  for (let k = count; k >= 0 && term > sum * 1e-17; k -= 1) {
    sum += term;
    term *= k / rate;
  }
  return sum;
}

function pointProbability(count: number, rate: number): number {
  return Math.exp(count * Math.log(rate) - rate - logFactorial(count));
}

/** ln(n!): summed for small n, Stirling's series (error below 1e-15) from there on. */
function logFactorial(n: number): number {
  if (n < 32) {
    let sum = 0;
    for (let k = 2; k <= n; k += 1) sum += Math.log(k);
    return sum;
  }
  const x = n + 1;
  const inverse = 1 / x;
  const square = inverse * inverse;
  const series = inverse * (1 / 12 - square * (1 / 360 - square * (1 / 1260 - square / 1680)));
  return (x - 0.5) * Math.log(x) - x + 0.5 * Math.log(2 * Math.PI) + series;
}

/** The point in [from, to] where `holds` turns from true to false. */
function bisect(from: number, to: number, holds: (x: number) => boolean): number {
  let low = from;
  let high = to;
  for (let step = 0; step < 64; step += 1) {
    const middle = (low + high) / 2;
    if (holds(middle)) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

/** Ten significant digits: a bound is hashed and compared, so noise in its last bits must not show. */
function settle(bound: number): number {
  return Number(Math.max(0, bound).toPrecision(10));
}
