import { hash } from 'node:crypto';
import { monotonicFactory } from 'ulid';
import type { Db } from '../../db/client.ts';
import type { ImportedReading } from '../../db/imports/readings.ts';
import type { ImportedRow } from '../../domain/csv/row-result.ts';
import { ID_PREFIXES } from '../../domain/ids.ts';
import { isAhead } from '../../domain/kpi/readings.ts';
import { shown } from './cells.ts';
import { PieceFinder, pieceIdOf } from './pieces.ts';
import type { ImportPlan } from './plan.ts';
import type { PieceRow, ReadBlock } from './read-block.ts';

/** A row that brings readings, with those that it brings. */
export interface BringingRow {
  row: ImportedRow;
  readings: ImportedReading[];
  isOpen: boolean;
}

/** What rows come to: those that bring readings, and those that do not. In the order of the file. */
export interface JudgedRows {
  rows: ImportedRow[];
  bringing: BringingRow[];
}

/** Judges the rows of a file one block after the other. */
export class RowJudge {
  readonly #finder: PieceFinder;
  readonly #plan: ImportPlan;
  readonly #stated: { mapping: string; asOf: string | null; checkpoint: string | null };
  /** Of each piece and time, the row that spoke of it first, and what it said. */
  readonly #spoken = new Map<string, { line: number; said: string }>();
  /** Counts on within a block: a new instant would cost new randomness for each reading. */
  readonly #nextUlid = monotonicFactory();

  constructor(
    db: Db,
    of: {
      workspaceId: string;
      plan: ImportPlan;
      mapping: string;
      asOf: string | null;
      checkpoint: string | null;
    },
  ) {
    this.#finder = new PieceFinder(db, { workspaceId: of.workspaceId, by: of.plan.by });
    this.#plan = of.plan;
    this.#stated = of;
  }

  async judge({ rows, mistakes, totals, empty }: ReadBlock): Promise<JudgedRows> {
    const pieces = await this.#finder.find(rows.map(({ ref }) => ref));
    const nowMs = Date.now();
    const bringing: BringingRow[] = [];
    const others: ImportedRow[] = [
      ...totals.map((line) => ({ line, result: 'total' as const })),
      ...empty.map((line) => ({ line, result: 'empty' as const })),
      ...refusedRows(mistakes),
    ];
    for (const row of rows) {
      const { line, ref } = row;
      const piece = pieces.get(ref) ?? { unmatched: 'is unknown' };
      const mistake = (message: string, column = this.#plan.match.name) => ({
        line,
        mistakes: [[column, message]] as [string, string][],
      });
      if ('unmatched' in piece) {
        others.push({ ...mistake(`${shown(ref)} ${piece.unmatched}`), result: 'unmatched' });
      } else if ('several' in piece) {
        others.push({ ...mistake(`${shown(ref)} ${piece.several}`), result: 'refused' });
      } else {
        const asOf = row.asOf ?? this.#stated.asOf ?? '';
        const column = this.#plan.asOf?.column.name ?? 'asOf';
        if (isAhead(asOf, nowMs + piece.clockOffsetMs)) {
          others.push({ ...mistake(`${asOf} lies in the future`, column), result: 'refused' });
          continue;
        }
        const earlier = this.#earlier(pieceIdOf(piece), asOf, row);
        if (earlier === null) {
          const readings = this.#readings(row, piece, { asOf, nowMs });
          const { itemId, publicationId } = piece;
          bringing.push({
            row: {
              line,
              result: 'stored',
              itemId,
              publicationId: publicationId ?? undefined,
              readings: readings.length,
            },
            readings,
            isOpen: piece.isOpen,
          });
        } else if (earlier.isSame) others.push({ line, result: 'duplicate' });
        else {
          const message = `line ${earlier.line} says other numbers of the same piece and time`;
          others.push({ ...mistake(message), result: 'refused' });
        }
      }
    }
    const all = [...others, ...bringing.map(({ row }) => row)];
    return { rows: all.sort((a, b) => a.line - b.line), bringing };
  }

  #earlier(piece: string, asOf: string, { line, values }: PieceRow) {
    const key = `${piece} ${asOf}`;
    const all = values.map(([measure, value]) => `${measure}=${value}`).join();
    const said = all.length > LONGEST_NOTE ? hash('sha256', all, 'base64url') : all;
    const first = this.#spoken.get(key);
    if (first !== undefined) return { line: first.line, isSame: first.said === said };
    this.#spoken.set(key, { line, said });
    return null;
  }

  #readings(
    { values }: PieceRow,
    { itemId, publicationId }: { itemId: string; publicationId: string | null },
    { asOf, nowMs }: { asOf: string; nowMs: number },
  ): ImportedReading[] {
    const { mapping, checkpoint } = this.#stated;
    const about = `${mapping}\n${publicationId ?? itemId}\n${asOf}\n${checkpoint ?? ''}`;
    return values.map(([measure, value]) => ({
      id: `${ID_PREFIXES.reading}_${this.#nextUlid(nowMs)}`,
      itemId,
      publicationId,
      measure,
      value,
      asOf,
      key: `csv:${hash('sha256', `${about}\n${measure}\n${value}`, 'base64url').slice(0, 27)}`,
    }));
  }
}

/** A note stays as long as its file is read, and a row may have many measures. */
const LONGEST_NOTE = 43;

/** A row is one result, however many mistakes it has. */
function refusedRows(mistakes: ReadBlock['mistakes']): ImportedRow[] {
  const rows = new Map<number, [string, string][]>();
  for (const { line, column = '', message } of mistakes) {
    const known = rows.get(line);
    if (known === undefined) rows.set(line, [[column, message]]);
    else known.push([column, message]);
  }
  return [...rows].map(([line, all]) => ({ line, result: 'refused', mistakes: all }));
}
