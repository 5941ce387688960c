/** Where a chain stands: the seq of its last event, and that event's hash. */
export interface RowHead {
  seq: number;
  headHash: string;
}

/** A row and a run of one item that do not tell the same story, by the place and hash of both ends. */
export interface Divergence {
  rowSeq: number;
  rowHash: string;
  runSeq: number;
  runHash: string;
  /** What the run has where the row ends; null when the run does not reach that far. */
  runHashAtRow: string | null;
}

/**
 * Whether a row may be a moment of a chain: it is one where the chain has its hash at its seq. A row that
 * is behind is normal; one that is further back than the chain is known is not judged.
 * @param hashes of the chain by seq, as far as they are known.
 */
export function divergenceOf(
  row: RowHead,
  head: { seq: number; hash: string },
  hashes: ReadonlyMap<number, string>,
): Divergence | null {
  const runHashAtRow = hashes.get(row.seq) ?? null;
  const isKnown = runHashAtRow !== null || row.seq > head.seq;
  if (!isKnown || runHashAtRow === row.headHash) return null;
  const { seq: rowSeq, headHash: rowHash } = row;
  return { rowSeq, rowHash, runSeq: head.seq, runHash: head.hash, runHashAtRow };
}
