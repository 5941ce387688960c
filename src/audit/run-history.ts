import type { Client } from '@temporalio/client';
import { historyFromJSON } from '@temporalio/common/lib/proto-utils.js';
import { firstEvents } from '../commands/project-command.ts';
import type { ItemEvent } from '../domain/item/event.ts';
import type { CommandAnswer } from '../domain/item/record-schema.ts';
import type { ItemSnapshot } from '../domain/item/run.ts';
import { itemBytes } from '../domain/item/size.ts';
import type {
  CommandMessage,
  CommandResult,
  ItemRunInput,
  SentCommand,
} from '../workflows/messages.ts';
import {
  type Decoder,
  decode,
  type Execution,
  type HistoryEntry,
  type HistoryFailure,
  pagesOf,
} from './history-pages.ts';

/** What one entry of the engine's history tells of the item: where it stands, and what happened. */
export interface Report {
  seq: number;
  events: ItemEvent[];
  /** Null where the entry repeats an answer of long ago. */
  snapshot: ItemSnapshot | null;
  /** Of a command: its id and its answer. */
  answered: [commandId: string, answer: CommandAnswer] | null;
  /** Hash of the event at `seq` where the entry says it apart from its events. */
  headHash: string | null;
}

/** Where an item's run stands. */
export interface RunHead {
  seq: number;
  /** Hash of the event at `seq`; null where the entry that says so does not carry it. */
  hash: string | null;
  /** Hashes of the events that the entries tell of, by seq. */
  hashes: ReadonlyMap<number, string>;
  /** What the state of the item takes; null where the entries do not carry it. */
  stateBytes: number | null;
}

/** Everything that the engine's history tells of an item. */
export interface RunRecord {
  input: ItemRunInput;
  events: ItemEvent[];
  seq: number;
  /** Hashes of its chain by seq, as far as the history tells them. */
  hashes: ReadonlyMap<number, string>;
  snapshot: ItemSnapshot;
  /** Commands that the run applied, with their answers. */
  answers: [commandId: string, answer: CommandAnswer][];
  /** The commands themselves, by id. */
  messages: Map<string, CommandMessage>;
}

/** Name of the Update that carries a command. */
const COMMAND = 'command';
const NEWEST_FIRST = { size: 25, isReverse: true };
/** A run that only waits for readings writes this much without a word about the item. */
const HEAD_PAGES = 12;
/** Runs that continued one another, at most: one has thousands of events. */
const MAX_RUNS = 20;

/**
 * Where the run stands, from the newest entries of its history: needs no worker. Every task of a run
 * that appends events leaves them in the history: as the result of an Update, or on their way to the
 * tables. An answer that is repeated says where the run was, not where it is.
 * @param rowSeq reads on until the hash of this event is known, where the run is further.
 * @returns null when the newest entries say nothing.
 */
export async function readHead(
  temporal: Client,
  execution: Execution,
  until: number,
  rowSeq = Number.POSITIVE_INFINITY,
): Promise<RunHead | null> {
  let pages = 0;
  let head: RunHead | null = null;
  const reports: Report[] = [];
  for await (const entries of pagesOf(temporal, execution, until, NEWEST_FIRST)) {
    reports.push(...(await readReports(temporal, entries)));
    if (reports.some(hasSnapshot)) head = headOf(reports);
    pages += 1;
    const isTold = head !== null && (head.seq <= rowSeq || head.hashes.has(rowSeq));
    if (isTold || pages === HEAD_PAGES) break;
  }
  return head;
}

/**
 * Why the run's latest workflow task failed. Only the first failure of a row is in the history.
 * @returns null when it did not fail but was never answered.
 */
export async function readTaskFailure(
  temporal: Client,
  execution: Execution,
  until: number,
): Promise<HistoryFailure | null> {
  const { value: entries } = await pagesOf(temporal, execution, until, NEWEST_FIRST).next();
  for (const entry of entries ?? []) {
    const failure = entry.workflowTaskFailedEventAttributes?.failure;
    if (failure !== undefined && failure !== null) return failure;
  }
  return null;
}

/** The input that a run was started with; null when it cannot be read. */
export async function readInput(
  temporal: Client,
  execution: Execution,
  until: number,
): Promise<Partial<ItemRunInput> | null> {
  const { value: entries } = await pagesOf(temporal, execution, until, { size: 1 }).next();
  const first = entries?.[0];
  return first === undefined ? null : inputOf(temporal, first);
}

/**
 * The item's whole chain as the engine's history has it, over every run that continued another, as
 * far back as the engine remembers.
 * @returns null when the history is not that of an item.
 */
export async function readRecord(
  temporal: Client,
  execution: Execution,
  until: number,
): Promise<RunRecord | null> {
  const runs: HistoryEntry[][] = [];
  let run: Execution | null = execution;
  while (run !== null && runs.length < MAX_RUNS) {
    const entries: HistoryEntry[] = [];
    for await (const page of pagesOf(temporal, run, until, {})) entries.push(...page);
    runs.unshift(entries);
    run = runBefore(execution, entries[0]);
  }
  return recordOf(temporal, runs);
}

/** The same from histories that were kept, in the order of their runs; null when there are none. */
export async function readKeptRecord(
  temporal: Client,
  histories: readonly string[],
): Promise<RunRecord | null> {
  const runs = histories.map((text) => historyFromJSON(JSON.parse(text)).events ?? []);
  return recordOf(temporal, runs);
}

async function recordOf(
  temporal: Client,
  runs: readonly HistoryEntry[][],
): Promise<RunRecord | null> {
  const reports = await readReports(temporal, runs.flat());
  const [first] = runs.at(0) ?? [];
  const input = first === undefined ? null : asInput(await inputOf(temporal, first));
  const snapshots = reports.filter(hasSnapshot).sort((a, b) => a.seq - b.seq);
  const newest = snapshots.at(-1);
  if (newest === undefined || input === null) return null;
  const { seq, snapshot } = newest;
  const events = new Map(reports.flatMap((one) => one.events.map((event) => [event.seq, event])));
  const chain = [...events.values()].filter((event) => event.seq <= seq);
  const answers = reports.map(({ answered }) => answered).filter((answered) => answered !== null);
  const hashes = hashesIn(reports);
  const messages = await readMessages(temporal, runs.flat());
  const sorted = chain.sort((a, b) => a.seq - b.seq);
  return { input, events: sorted, seq, hashes, snapshot, answers, messages };
}

export async function readMessages(
  temporal: Decoder,
  entries: readonly HistoryEntry[],
): Promise<RunRecord['messages']> {
  const messages: RunRecord['messages'] = new Map();
  for (const { workflowExecutionUpdateAcceptedEventAttributes: accepted } of entries) {
    const { input, meta } = accepted?.acceptedRequest ?? {};
    if (input?.name !== COMMAND || !meta?.updateId) continue;
    const [sent] = await decode(temporal, input.args?.payloads);
    if (sent === null || sent === undefined) continue;
    // Sent by this program only, under this name.
    const { row: _, ...command } = sent as SentCommand;
    messages.set(meta.updateId, command as CommandMessage);
  }
  return messages;
}

type ReportWithSnapshot = Report & { snapshot: ItemSnapshot };

function hasSnapshot(report: Report): report is ReportWithSnapshot {
  return report.snapshot !== null;
}

/** The run that this one continued. */
function runBefore({ workflowId }: Execution, first: HistoryEntry | undefined): Execution | null {
  const runId = first?.workflowExecutionStartedEventAttributes?.continuedExecutionRunId ?? '';
  return runId === '' ? null : { workflowId, runId };
}

function headOf(reports: readonly Report[]): RunHead {
  const withSnapshot = reports.filter(hasSnapshot);
  const seq = Math.max(...withSnapshot.map((one) => one.seq));
  const newest = withSnapshot.find((report) => report.seq === seq);
  const stateBytes = newest === undefined ? null : itemBytes(newest.snapshot.context);
  const hashes = hashesIn(reports);
  return { seq, hash: hashes.get(seq) ?? null, hashes, stateBytes };
}

function hashesIn(reports: readonly Report[]): Map<number, string> {
  const hashes = new Map<number, string>();
  for (const { seq, events, headHash } of reports) {
    for (const event of events) {
      hashes.set(event.seq - 1, event.prevHash);
      hashes.set(event.seq, event.hash);
    }
    if (headHash !== null) hashes.set(seq, headHash);
  }
  return hashes;
}

export async function readReports(
  temporal: Decoder,
  entries: readonly HistoryEntry[],
): Promise<Report[]> {
  const reports = await Promise.all(entries.map((entry) => readReport(temporal, entry)));
  return reports.filter((one) => one !== null);
}

/** What an entry tells of the item; null for most entries. */
async function readReport(temporal: Decoder, entry: HistoryEntry): Promise<Report | null> {
  const completed = entry.workflowExecutionUpdateCompletedEventAttributes;
  if (completed?.outcome?.success !== undefined && completed.outcome.success !== null) {
    const [result] = await decode(temporal, completed.outcome.success.payloads);
    const { answer } = (result ?? {}) as Partial<CommandResult>;
    const answered: Report['answered'] =
      answer === undefined ? null : [completed.meta?.updateId ?? '', answer];
    return reportOf(result as Partial<CommandResult> | null, answered);
  }
  const activity = entry.activityTaskScheduledEventAttributes;
  const batchIn = BATCH_IN[activity?.activityType?.name ?? ''];
  if (batchIn !== undefined) {
    const [question] = await decode(temporal, activity?.input?.payloads);
    return reportOf(batchIn(question ?? null), null);
  }
  const input = asInput(await inputOf(temporal, entry));
  return input === null ? null : startOf(input);
}

type Batch = Partial<CommandResult> & { seq?: number };

/** The activities that carry events to the tables, and where in their input. */
const BATCH_IN: Record<string, (input: object | null) => Batch | null> = {
  recordEvents: (batch) => batch,
  // A send carries what the tables have to know before it. It may carry nothing.
  sendPublication: (question) => (question as { record?: Batch } | null)?.record ?? null,
};

export const CARRIES_EVENTS: readonly string[] = Object.keys(BATCH_IN);

/** A result of the Update `command`, or a batch for the tables; other Updates have no events. */
function reportOf(result: Batch | null, answered: Report['answered']): Report | null {
  if (result === null || !Array.isArray(result.events)) return null;
  const { events, snapshot = null } = result;
  const seq = result.seq ?? events.at(-1)?.seq;
  return seq === undefined ? null : { seq, events, snapshot, answered, headHash: null };
}

/** A run that was started by hand may name an item and still be no start that the machine knows. */
function startOf(input: ItemRunInput): Report | null {
  if (input.continued !== undefined) {
    const { head, snapshot, unprojected = [] } = input.continued;
    const { seq, hash: headHash } = head;
    return { seq, events: unprojected, snapshot, answered: null, headHash };
  }
  try {
    const first = firstEvents(input);
    return { seq: first.events.length, ...first, answered: null, headHash: null };
  } catch {
    return null;
  }
}

export async function inputOf(
  temporal: Decoder,
  entry: HistoryEntry,
): Promise<Partial<ItemRunInput> | null> {
  const started = entry.workflowExecutionStartedEventAttributes;
  if (started === undefined || started === null) return null;
  const [input] = await decode(temporal, started.input?.payloads);
  return typeof input === 'object' ? input : null;
}

/** A run may have been started by hand with anything: an input is one when it names its item. */
export function asInput(input: Partial<ItemRunInput> | null): ItemRunInput | null {
  return typeof input?.item?.itemId === 'string' && typeof input.item.workspaceId === 'string'
    ? (input as ItemRunInput)
    : null;
}
