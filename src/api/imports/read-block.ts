import type { CsvMapping } from '../../domain/csv/mapping.ts';
import { type MeasureId, measureValueIssue } from '../../domain/kpi/measure-rules.ts';
import { jobOf } from '../../threads/threads.ts';
import { CsvError } from '../readings/csv.ts';
import type { CsvBlock } from './blocks.ts';
import { type Cell, isNothing, readAmount, readAsOf, readShare, shown } from './cells.ts';
import { type ImportPlan, type PlannedMeasure, plain, planOf } from './plan.ts';
import { rowsOf, textOf } from './rows.ts';

export interface RowMistake {
  line: number;
  /** Absent: of the row as a whole. */
  column?: string;
  message: string;
}

/** A row about a piece: what names it, when its numbers were true, and the numbers. */
export interface PieceRow {
  line: number;
  ref: string;
  /** Null: the import states it. */
  asOf: string | null;
  values: (readonly [MeasureId, number])[];
}

/** What a block of rows says. */
export interface ReadBlock {
  plan: ImportPlan;
  rows: PieceRow[];
  mistakes: RowMistake[];
  /** Lines of rows that sum up others. */
  totals: number[];
  /** Lines of rows that say nothing of any measure. */
  empty: number[];
  lastLine: number;
  /** How many rows it has, whatever became of them. */
  size: number;
}

/** The file cannot be read on. */
export interface FileMistake {
  line: number;
  message: string;
}

/** A file's first block is read with the mapping, the others with the plan that follows from it. */
export type BlockInput = CsvBlock & ({ mapping: CsvMapping; zone: string } | { plan: ImportPlan });

/** Errors lose their class on the way out of a thread, so that a mistake is an answer. */
export function readBlock(input: BlockInput): ReadBlock | FileMistake {
  try {
    const text = textOf(input);
    const plan = 'plan' in input ? input.plan : planOf(text, input);
    return readRows(text, plan, input);
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    return { line: error.line, message: error.message };
  }
}

export const READ_BLOCK = jobOf(import.meta, readBlock);

function readRows(text: string, plan: ImportPlan, { line: firstLine, end }: CsvBlock): ReadBlock {
  const block: ReadBlock = {
    plan,
    rows: [],
    mistakes: [],
    totals: [],
    empty: [],
    lastLine: firstLine,
    size: 0,
  };
  const reader = new RowReader(plan);
  for (const row of rowsOf(text, { separator: plan.separator, end, line: firstLine })) {
    const { line } = row;
    block.lastLine = line;
    if (line <= plan.headerLine) continue;
    block.size += 1;
    if ('message' in row) {
      block.mistakes.push(row);
      continue;
    }
    const read = reader.read(row.fields);
    if (read === 'total') block.totals.push(line);
    else if (read === 'empty') block.empty.push(line);
    else if ('mistakes' in read) {
      for (const mistake of read.mistakes) block.mistakes.push({ line, ...mistake });
    } else block.rows.push({ line, ...read });
  }
  return block;
}

type CellMistake = Omit<RowMistake, 'line'>;

class RowReader {
  readonly #plan: ImportPlan;
  readonly #totals: ReadonlySet<string>;
  /** A file has few days and many rows. */
  readonly #times = new Map<string, Cell<string>>();

  constructor(plan: ImportPlan) {
    this.#plan = plan;
    this.#totals = new Set(plan.totals);
  }

  read(fields: string[]): Omit<PieceRow, 'line'> | 'total' | 'empty' | { mistakes: CellMistake[] } {
    const { width, match, measures } = this.#plan;
    const ref = (fields[match.index] ?? '').trim();
    if (this.#totals.size > 0 && ref.length <= LONGEST_TOTAL && this.#totals.has(plain(ref)))
      return 'total';
    if (fields.length !== width) {
      const message = `has ${fields.length} fields where the columns are ${width}: a field with a separator in it is put in double quotes`;
      return { mistakes: [{ message }] };
    }
    const mistakes: CellMistake[] = [];
    const refMistake = refMistakeOf(ref);
    if (refMistake !== null) mistakes.push({ column: match.name, message: refMistake });
    const asOf = this.#asOf(fields, mistakes);
    const values = valuesOf(measures, fields, this.#plan, mistakes);
    if (mistakes.length > 0) return { mistakes: mistakes.slice(0, MOST_MISTAKES) };
    return values.length === 0 ? 'empty' : { ref, asOf, values };
  }

  #asOf(fields: string[], mistakes: CellMistake[]): string | null {
    const { asOf, zone } = this.#plan;
    if (asOf === null) return null;
    const text = (fields[asOf.column.index] ?? '').trim();
    const known = this.#times.get(text);
    const cell = known ?? readAsOf(text, { format: asOf.format, zone });
    if (known === undefined) this.#times.set(text, cell);
    if ('value' in cell) return cell.value;
    mistakes.push({ column: asOf.column.name, message: cell.message });
    return null;
  }
}

/** Of one row. */
const MOST_MISTAKES = 5;
const LONGEST_REF = 2_000;
/** As a mapping may state it, with some space. */
const LONGEST_TOTAL = 200;

function refMistakeOf(ref: string): string | null {
  if (ref === '') return 'is empty: the row names no piece';
  if (ref.length > LONGEST_REF) return `has more than ${LONGEST_REF} characters`;
  if (/^[=@+]/.test(ref)) return `${shown(ref)} is a formula: save its value`;
  return /\p{Cc}/u.test(ref) ? `${shown(ref)} holds a control character` : null;
}

function valuesOf(
  measures: readonly PlannedMeasure[],
  fields: string[],
  plan: ImportPlan,
  mistakes: CellMistake[],
): (readonly [MeasureId, number])[] {
  const values = new Map<MeasureId, number | null>();
  for (const planned of measures) {
    const { measure, column } = planned;
    const cell = amountOf(planned, fields, plan);
    if (cell !== null && 'message' in cell) {
      mistakes.push({ column: column.name, message: cell.message });
      continue;
    }
    const before = values.get(measure);
    // Of a sum, what is missing makes the whole missing.
    const value = cell === null || before === null ? null : (before ?? 0) + cell.value;
    const issue = value === null ? null : measureValueIssue(measure, value);
    if (issue !== null) mistakes.push({ column: column.name, message: issue });
    values.set(measure, value);
  }
  return [...values].flatMap(([measure, value]) => (value === null ? [] : [[measure, value]]));
}

/** Null where nothing is known. */
function amountOf(
  { column, of, unit }: PlannedMeasure,
  fields: string[],
  { numbers }: ImportPlan,
): Cell<number> | null {
  const text = (fields[column.index] ?? '').trim();
  if (isNothing(text)) return null;
  if (of === null) return readAmount(text, numbers);
  const wholeText = (fields[of.index] ?? '').trim();
  if (isNothing(wholeText)) return null;
  const whole = readAmount(wholeText, numbers);
  if ('message' in whole) return { message: `of ${shown(of.name)}: ${whole.message}` };
  return readShare(text, whole.value, { unit, numbers });
}
