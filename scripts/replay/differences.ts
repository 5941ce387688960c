import type { RecordedStep, Step } from './steps.ts';

/** Where a replayed run is not the recorded one. */
export interface Difference {
  /** Of the history's event that holds the step. */
  eventId: string;
  step: string;
  /** Path of the first value that differs, such as `result.events[0].hash`. */
  path: string;
  recorded: unknown;
  replayed: unknown;
}

/**
 * The recorded steps that the replay took otherwise, each with its first difference.
 * @param isWhole false for a replay that the engine stopped: what it did not come to is not missing.
 */
export function differencesOf(
  recorded: readonly RecordedStep[],
  replayed: ReadonlyMap<string, Step>,
  { isWhole }: { isWhole: boolean },
): Difference[] {
  return recorded.flatMap(({ eventId, name, value }): Difference[] => {
    const again = replayed.get(name);
    if (again === undefined) {
      return isWhole ? [{ eventId, step: name, path: '', recorded: value, replayed: null }] : [];
    }
    const found = firstDifference(value, again.value, '');
    return found === null ? [] : [{ eventId, step: name, ...found }];
  });
}

/** Says which code wrote a snapshot. What a raised version lacks, a continued run's replay tells. */
const OF_THE_CODE = 'machineVersion';

type Found = Pick<Difference, 'path' | 'recorded' | 'replayed'>;

/** Both are JSON; a property that is undefined is not there. */
function firstDifference(recorded: unknown, replayed: unknown, path: string): Found | null {
  if (Object.is(recorded, replayed)) return null;
  if (!isObject(recorded) || !isObject(replayed)) return { path, recorded, replayed };
  if (Array.isArray(recorded) !== Array.isArray(replayed)) return { path, recorded, replayed };
  const keys = new Set([...Object.keys(recorded), ...Object.keys(replayed)]);
  keys.delete(OF_THE_CODE);
  for (const key of keys) {
    const below = Array.isArray(recorded) ? `${path}[${key}]` : `${path}${path && '.'}${key}`;
    const found = firstDifference(recorded[key], replayed[key], below);
    if (found !== null) return found;
  }
  return null;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

/**
 * One line about it. Texts may be what people wrote, and stand in the engine encrypted: they are not
 * repeated.
 */
export function describeDifference({ eventId, step, path, ...found }: Difference): string {
  const where = `event ${eventId}, ${step}${path && `, ${path}`}`;
  return `${where}: recorded ${shown(found.recorded)}, now ${shown(found.replayed)}`;
}

function shown(value: unknown): string {
  if (value === undefined || value === null) return 'nothing';
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  return typeof value === 'string' ? 'another text' : 'another value';
}
