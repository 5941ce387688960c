import type { ImportCounts, ImportedRow } from '../../domain/csv/row-result.ts';

/** Rows by their result, and readings that are new. */
export class Totals {
  readonly counts: ImportCounts;
  readings = 0;

  constructor(counts: ImportCounts = {}) {
    this.counts = { ...counts };
  }

  add(rows: readonly ImportedRow[]): void {
    for (const { result } of rows) this.counts[result] = (this.counts[result] ?? 0) + 1;
  }
}
