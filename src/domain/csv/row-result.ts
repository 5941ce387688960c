/** What became of a row of an import. */
export const ROW_RESULTS = {
  stored: 'its readings are new',
  unchanged: 'its readings stood already: from this file or an earlier one',
  duplicate: 'an earlier row of the file says the same of this piece',
  unmatched: 'no piece of the workspace is the one that it names',
  refused: 'it has a mistake, or contradicts an earlier row of the file',
  total: 'it sums up the others',
  empty: 'it says nothing of any measure',
} as const;

export type RowResult = keyof typeof ROW_RESULTS;

export type ImportCounts = Partial<Record<RowResult, number>>;

/** A row as it is kept: texts of its mistakes as `[column, message]`, with `''` for the whole row. */
export interface ImportedRow {
  line: number;
  result: RowResult;
  itemId?: string | undefined;
  publicationId?: string | undefined;
  /** How many readings it has. */
  readings?: number | undefined;
  mistakes?: [column: string, message: string][] | undefined;
}
