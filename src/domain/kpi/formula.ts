import type { MeasureId } from './measure-rules.ts';

/** What a formula reads: a base measure at the checkpoint, or the followers of the baseline reading. */
export type KpiInput = MeasureId | 'followers_at_publish';

/** Sums of the inputs over the parts that a figure covers. */
export type InputSums = Readonly<Partial<Record<KpiInput, number>>>;

/**
 * One side of a formula. `every` inputs must be known in each part; of `exposed` inputs at least one
 * must be, and those that no source exposes are left out of the sum and named.
 */
export interface Term {
  every: readonly KpiInput[];
  exposed: readonly KpiInput[];
  of: (sums: InputSums) => number;
  text: string;
}

/** Numerator over denominator, times `scale`; a plain total when there is no denominator. */
export interface Formula {
  /** Names the definition where a KPI has more than one; figures of two definitions never mix. */
  definition: string;
  numerator: Term;
  denominator?: Term;
  scale?: number;
  text: string;
  /** Every input that each part must have. */
  required: readonly KpiInput[];
  /** Inputs that count where a source exposes them. */
  exposed: readonly KpiInput[];
}

/** The total of inputs that must all be known. */
export function total(...inputs: readonly KpiInput[]): Term {
  return {
    every: inputs,
    exposed: [],
    of: (sums) => inputs.reduce((sum, input) => sum + known(sums, input), 0),
    text: inputs.join(' + '),
  };
}

/** `from - less`, both known. */
export function difference(from: KpiInput, less: KpiInput): Term {
  return {
    every: [from, less],
    exposed: [],
    of: (sums) => known(sums, from) - known(sums, less),
    text: `${from} - ${less}`,
  };
}

/** The total of whichever of the inputs the source exposes; at least one. */
export function totalOfExposed(...inputs: readonly KpiInput[]): Term {
  return {
    every: [],
    exposed: inputs,
    of: (sums) => inputs.reduce((sum, input) => sum + (sums[input] ?? 0), 0),
    text: `${inputs.join(' + ')} (those that the source exposes)`,
  };
}

/** Builds a formula with its text. */
export function formula(
  definition: string,
  sides: { numerator: Term; denominator?: Term; scale?: number },
): Formula {
  const { numerator, denominator, scale } = sides;
  const over = denominator === undefined ? '' : ` / ${bracketed(denominator)}`;
  const times = scale === undefined ? '' : ` × ${scale}`;
  const top = over === '' ? numerator.text : bracketed(numerator);
  const required = [...new Set([...numerator.every, ...(denominator?.every ?? [])])];
  const exposed = [...new Set([...numerator.exposed, ...(denominator?.exposed ?? [])])];
  return { definition, ...sides, text: `${top}${over}${times}`, required, exposed };
}

/** Whether a part with these inputs and no others could be covered. */
export function isSupplied(
  { required, exposed }: Pick<Formula, 'required' | 'exposed'>,
  inputs: ReadonlySet<KpiInput>,
): boolean {
  const isKnown = (input: KpiInput) => inputs.has(input);
  return required.every(isKnown) && (exposed.length === 0 || exposed.some(isKnown));
}

export type Applied =
  | { state: 'value'; value: number; numerator: number; denominator: number | null }
  | { state: 'undefined'; numerator: number };

/**
 * Applies a formula to summed inputs; the sums hold every required input. Without anything to divide
 * by the result is undefined, never 0. The product is taken first: one rounding, so 29 of 100 is 29.
 */
export function applyFormula(
  { numerator, denominator, scale = 1 }: Formula,
  sums: InputSums,
): Applied {
  const top = numerator.of(sums);
  if (denominator === undefined) {
    return { state: 'value', value: top * scale, numerator: top, denominator: null };
  }
  const bottom = denominator.of(sums);
  if (bottom === 0) return { state: 'undefined', numerator: top };
  return { state: 'value', value: (top * scale) / bottom, numerator: top, denominator: bottom };
}

function bracketed(term: Term): string {
  return term.every.length + term.exposed.length > 1 ? `(${term.text})` : term.text;
}

/** Required inputs are checked before a formula is applied; a gap here would read missing as zero. */
function known(sums: InputSums, input: KpiInput): number {
  const value = sums[input];
  if (value === undefined) throw new RangeError(`${input} is not known`);
  return value;
}
