import type { MeasureId, Reading } from '../measures.ts';

/**
 * What readings have in common that may be added up: a figure asks nothing else of one but its value
 * and its time.
 */
export interface Series {
  checkpoint?: Reading['checkpoint'];
  measure: MeasureId;
  isStated: boolean;
  isProvisional: boolean;
  definition?: string;
}

/** How a series is written in its row; the query that fills the rows writes the same. */
export function seriesOf(name: string): Series {
  const [checkpoint = '', measure, origin, state, ...definition] = name.split(' ');
  return {
    // Readings are checked before they are stored.
    ...(checkpoint !== '' && { checkpoint: checkpoint as NonNullable<Reading['checkpoint']> }),
    measure: measure as MeasureId,
    isStated: origin === 'stated',
    isProvisional: state === 'provisional',
    ...(definition.length > 0 && { definition: definition.join(' ') }),
  };
}
