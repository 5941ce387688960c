import type { Db } from '../../db/client.ts';
import { findPieces, type MatchedPiece } from '../../db/imports/pieces.ts';
import type { MatchKind } from '../../domain/csv/mapping.ts';
import { namesOf } from './names.ts';

/** The piece of a row, or why there is none. */
export type FoundPiece = MatchedPiece | { unmatched: string } | { several: string };

/** Characters of names. */
const REMEMBERED = 4_000_000;

const CALLED: Record<MatchKind, string> = {
  publication_id: 'publication with this id',
  utm_content: 'publication with this id in its link',
  remote_id: 'publication with this id on its network',
  url: 'publication with this address',
  page: 'item whose brief leads to this page',
};

/** Finds the pieces that rows are about; many rows are about the same. */
export class PieceFinder {
  readonly #db: Db;
  readonly #of: { workspaceId: string; by: MatchKind };
  readonly #known = new Map<string, FoundPiece>();
  #size = 0;

  constructor(db: Db, of: { workspaceId: string; by: MatchKind }) {
    this.#db = db;
    this.#of = of;
  }

  /** Every ref that is given, with its piece. */
  async find(refs: readonly string[]): Promise<ReadonlyMap<string, FoundPiece>> {
    if (this.#size > REMEMBERED) {
      this.#known.clear();
      this.#size = 0;
    }
    const unknown = new Set(refs.filter((ref) => !this.#known.has(ref)));
    if (unknown.size > 0) await this.#learn([...unknown]);
    return this.#known;
  }

  async #learn(refs: string[]): Promise<void> {
    const { by } = this.#of;
    const named = new Map(refs.map((ref) => [ref, namesOf(by, ref)]));
    const names = [...new Set([...named.values()].flat())];
    const byName = new Map<string, MatchedPiece[]>();
    for (const piece of await findPieces(this.#db, { ...this.#of, refs: names })) {
      const same = byName.get(piece.ref);
      if (same === undefined) byName.set(piece.ref, [piece]);
      else same.push(piece);
    }
    for (const [ref, all] of named) {
      this.#size += ref.length;
      const pieces = new Map(
        all.flatMap((name) => byName.get(name) ?? []).map((one) => [pieceIdOf(one), one]),
      );
      const [piece] = pieces.values();
      if (piece === undefined) this.#known.set(ref, { unmatched: `is no ${CALLED[by]}` });
      else if (pieces.size === 1) this.#known.set(ref, piece);
      else this.#known.set(ref, { several: `is that of ${pieces.size} pieces` });
    }
  }
}

export function pieceIdOf({
  itemId,
  publicationId,
}: {
  itemId: string;
  publicationId: string | null;
}): string {
  return publicationId ?? itemId;
}
