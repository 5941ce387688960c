import type { CsvMapping } from '../../../domain/csv/mapping.ts';

/** The mapping of an export that many have. Exports change: `checkedOn` says what day its headers are of. */
export interface ShippedMapping {
  /** Named in `?mapping=`. */
  id: string;
  title: string;
  /** Where the tool exports it. */
  exportedBy: string;
  /** Where the headers are from. */
  sources: string[];
  checkedOn: string;
  mapping: CsvMapping;
}
