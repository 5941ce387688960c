/** Longest age a measurement may be extended to, in days. */
export const MAX_EXTENSION_DAYS = 365;

const HOUR_MS = 3_600_000;

/**
 * Length of an age such as `+24h` or `+7d` in milliseconds. Ages are absolute durations: a day is
 * 24 hours whatever the clocks do.
 * @throws RangeError for any other text.
 */
export function ageMs(age: string): number {
  const match = /^\+([1-9]\d{0,3})([hd])$/.exec(age);
  if (match === null) throw new RangeError(`${age} is not an age such as "+24h" or "+7d"`);
  return Number(match[1]) * (match[2] === 'h' ? 1 : 24) * HOUR_MS;
}

export function addMs(instant: string, ms: number): string {
  return new Date(Date.parse(instant) + ms).toISOString();
}
