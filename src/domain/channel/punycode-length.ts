const LONGEST_LABEL = 63;
/** Other characters for the dot between labels (RFC 3490, 3.1). */
const IDEOGRAPHIC_DOTS = /[\u3002\uff0e\uff61]/;

const ASCII = /^\p{ASCII}*$/u;

/** Whether every label of a host has an ASCII form, of a length that the DNS takes. */
export function isHostInDns(host: string): boolean {
  return host.split('.').every((label) =>
    label.split(IDEOGRAPHIC_DOTS).every((part) => {
      const length = asciiLength(part);
      const isMixed = part.toLowerCase().startsWith('xn--') && !ASCII.test(part);
      return length > 0 && length <= LONGEST_LABEL && !isMixed;
    }),
  );
}

/** As `isHostInDns`, but other characters for the dot do not part the labels (twitter-text). */
export function isHostOnX(host: string): boolean {
  return host.split('.').every((label) => {
    const lengths = label.split(IDEOGRAPHIC_DOTS).map(asciiLength);
    const length = lengths.reduce((sum, one) => sum + one + 1, -1);
    return length > 0 && length <= LONGEST_LABEL;
  });
}

/**
 * Length of a label's ASCII form (RFC 3492). Nothing that is too long anyway is encoded: the effort grows with
 * the square of a label's length.
 */
function asciiLength(label: string): number {
  if (label.length > 2 * LONGEST_LABEL) return label.length;
  if (ASCII.test(label)) return label.length;
  const points = Array.from(label, (char) => char.codePointAt(0) ?? 0);
  return 'xn--'.length + encodedLength(points);
}

/** Parameters of RFC 3492, 5. */
const BASE = 36;
const T_MIN = 1;
const T_MAX = 26;
const SKEW = 38;
const DAMP = 700;
const FIRST_BIAS = 72;

function encodedLength(points: readonly number[]): number {
  const basic = points.filter((point) => point < 0x80).length;
  let length = basic + (basic > 0 ? 1 : 0);
  let handled = basic;
  let bias = FIRST_BIAS;
  let delta = 0;
  let last = 0x80;
  for (const point of [...new Set(points)].filter((one) => one >= 0x80).sort((a, b) => a - b)) {
    delta += (point - last) * (handled + 1);
    for (const other of points) {
      if (other < point) delta += 1;
      if (other !== point) continue;
      length += digitsOf(delta, bias);
      bias = adapt(delta, handled + 1, handled === basic);
      handled += 1;
      delta = 0;
    }
    delta += 1;
    last = point + 1;
  }
  return length;
}

function digitsOf(delta: number, bias: number): number {
  let rest = delta;
  let digits = 1;
  for (let k = BASE; ; k += BASE) {
    const threshold = Math.min(Math.max(k - bias, T_MIN), T_MAX);
    if (rest < threshold) return digits;
    rest = Math.floor((rest - threshold) / (BASE - threshold));
    digits += 1;
  }
}

function adapt(delta: number, count: number, isFirst: boolean): number {
  let rest = isFirst ? Math.floor(delta / DAMP) : delta >> 1;
  rest += Math.floor(rest / count);
  let k = 0;
  for (; rest > ((BASE - T_MIN) * T_MAX) >> 1; k += BASE) rest = Math.floor(rest / (BASE - T_MIN));
  return k + Math.floor(((BASE - T_MIN + 1) * rest) / (rest + SKEW));
}
