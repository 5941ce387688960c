import { defaultFailureConverter, defaultPayloadConverter } from '@temporalio/common';
import type { Report } from '../../audit/run-history.ts';
import type { AskedCommand } from '../../domain/item/replay/replay.ts';
import type { ItemSnapshot } from '../../domain/item/run.ts';
import { readSnapshot } from '../../domain/item/versions/migrate.ts';
import type { ContentItemInput } from '../../workflows/messages.ts';
import { type Fault, pathOf } from '../pack-format.ts';
import { readKeptReports } from './kept-reports.ts';
import type { PackRows } from './pack-rows.ts';
import { type PackFiles, rowsOf } from './read-pack.ts';

/** Their payloads were opened when they were packed. */
const DECODER = {
  options: {
    loadedDataConverter: {
      payloadConverter: defaultPayloadConverter,
      failureConverter: defaultFailureConverter,
      payloadCodecs: [],
    },
  },
};

/** A place in a history. */
interface Told {
  file: string;
  row: number;
}

/** What the engine's own histories say of the item. */
export interface ToldByHistory {
  start: ContentItemInput | null;
  messages: ReadonlyMap<string, AskedCommand>;
  /** States by the event that they follow. */
  states: ReadonlyMap<number, Told & { snapshot: ItemSnapshot }>;
  /** Hashes of events by seq. */
  hashes: ReadonlyMap<number, Told & { hash: string }>;
  /** Answers by command. */
  answers: ReadonlyMap<string, Told & { answer: Record<string, unknown> }>;
  faults: Fault[];
}

/** Reads every history of a pack. */
export async function readHistories(files: PackFiles, rows: PackRows): Promise<ToldByHistory> {
  const told = {
    start: null as ContentItemInput | null,
    messages: new Map<string, AskedCommand>(),
    states: new Map<number, Told & { snapshot: ItemSnapshot }>(),
    hashes: new Map<number, Told & { hash: string }>(),
    answers: new Map<string, Told & { answer: Record<string, unknown> }>(),
    faults: [] as Fault[],
  };
  for (const [index, { path, runId }] of rows.runs.entries()) {
    if (path === null) continue;
    if (!files.has(path)) {
      const message = `${path} is missing`;
      told.faults.push({ file: pathOf('runs'), row: index + 1, field: 'path', message });
      continue;
    }
    await readHistory(files, { path, until: lastSharedSeq(rows, runId) }, told);
  }
  return told;
}

/** Up to where the run and the chain tell one story: a run that was replaced may have gone on alone. */
function lastSharedSeq({ events }: PackRows, runId: string | null): number {
  const replaced = events.find(
    ({ type, data }) => type === 'run.replaced' && data['runId'] === runId,
  );
  const agreedSeq = replaced?.data['agreedSeq'];
  return typeof agreedSeq === 'number' ? agreedSeq : Number.POSITIVE_INFINITY;
}

async function readHistory(
  files: PackFiles,
  { path, until }: { path: string; until: number },
  told: {
    start: ContentItemInput | null;
    messages: Map<string, AskedCommand>;
    states: Map<number, Told & { snapshot: ItemSnapshot }>;
    hashes: Map<number, Told & { hash: string }>;
    answers: Map<string, Told & { answer: Record<string, unknown> }>;
    faults: Fault[];
  },
): Promise<void> {
  for (const [index, entry] of rowsOf(files, path).entries()) {
    const row = index + 1;
    let kept: Awaited<ReturnType<typeof readKeptReports>>;
    try {
      kept = await readKeptReports(DECODER, [entry]);
    } catch {
      told.faults.push({ file: path, row, field: null, message: 'is no entry of a history' });
      continue;
    }
    if (kept.input?.continued === undefined && kept.input !== null) told.start ??= kept.input;
    for (const [id, message] of kept.messages) told.messages.set(id, message as AskedCommand);
    for (const report of kept.reports) note(report, { file: path, row }, until, told);
  }
}

function note(
  { seq, events, snapshot, answered, headHash }: Report,
  at: Told,
  until: number,
  told: Parameters<typeof readHistory>[2],
): void {
  for (const event of events) {
    if (event.seq <= until) noteHash(event.seq, event.hash, at, told);
  }
  if (seq > until) return;
  if (headHash !== null) noteHash(seq, headHash, at, told);
  if (answered !== null) {
    const [id, answer] = answered;
    if (!told.answers.has(id)) told.answers.set(id, { ...at, answer: { ...answer } });
  }
  if (snapshot !== null) told.states.set(seq, { ...at, snapshot: readSnapshot(snapshot) });
}

/** The engine's histories have to agree with one another. */
function noteHash(
  seq: number,
  hash: string,
  at: Told,
  { hashes, faults }: Parameters<typeof readHistory>[2],
): void {
  const known = hashes.get(seq);
  if (known !== undefined && known.hash !== hash) {
    const message = `says another hash of event ${seq} than ${known.file}, row ${known.row}`;
    faults.push({ ...at, field: null, message });
    return;
  }
  if (known === undefined) hashes.set(seq, { ...at, hash });
}
