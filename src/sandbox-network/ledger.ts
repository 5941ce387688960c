import {
  closeSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';

/**
 * One accepted post, one line of `ledger.jsonl`. `bodyHash` is the hex SHA-256 of the canonical JSON of the
 * request body; `remoteId` and `idempotencyKey` are what the server needs to answer the same after a restart.
 */
const LedgerLine = z.object({
  marker: z.string(),
  account: z.string(),
  at: z.iso.datetime(),
  text: z.string(),
  bodyHash: z.string(),
  remoteId: z.string(),
  idempotencyKey: z.string().nullable(),
  /** Look-ups show it from then on; at once when absent. */
  listedFrom: z.iso.datetime().optional(),
  /** Whether it was pending between `at` and `listedFrom`. */
  pending: z.literal(true).optional(),
});
export type LedgerLine = z.infer<typeof LedgerLine>;

export interface Ledger {
  /** Writes a line and returns when the disk has it. */
  append(line: LedgerLine): void;
  /** Lines in order of acceptance. */
  lines(): readonly LedgerLine[];
  /** The latest with this key. */
  byIdempotencyKey(key: string): LedgerLine | undefined;
  byRemoteId(remoteId: string): LedgerLine | undefined;
  byMarker(marker: string): readonly LedgerLine[];
  close(): void;
}

/** The ledger cannot be trusted; its message says why. */
export class LedgerError extends Error {}

/**
 * Opens (or begins) the ledger in a directory and reads it back. A last line without an end is what a crash
 * left of a post that was never answered: it is cut off.
 * @throws LedgerError when a complete line cannot be read.
 */
export function openLedger(directory: string): Ledger {
  mkdirSync(directory, { recursive: true });
  const path = join(directory, 'ledger.jsonl');
  const file = openSync(path, 'a+', 0o644);
  const content = readFileSync(path);
  let size = content.lastIndexOf(0x0a) + 1;
  if (size < content.length) {
    ftruncateSync(file, size);
    fsyncSync(file);
  }
  syncDirectory(directory);

  const lines: LedgerLine[] = [];
  const byKey = new Map<string, LedgerLine>();
  const byRemoteId = new Map<string, LedgerLine>();
  const byMarker = new Map<string, LedgerLine[]>();
  function index(line: LedgerLine): void {
    lines.push(line);
    byRemoteId.set(line.remoteId, line);
    if (line.idempotencyKey !== null) byKey.set(line.idempotencyKey, line);
    byMarker.set(line.marker, [...(byMarker.get(line.marker) ?? []), line]);
  }
  for (const [at, text] of content.toString('utf8', 0, size).split('\n').slice(0, -1).entries()) {
    index(parseLine(text, `${path}:${at + 1}`));
  }

  return {
    append(line) {
      if (fstatSync(file).size !== size) {
        throw new LedgerError(`${path} was changed by another program`);
      }
      const bytes = Buffer.from(`${JSON.stringify(line)}\n`);
      writeWhole(file, bytes, size);
      fsyncSync(file);
      size += bytes.length;
      index(line);
    },
    lines: () => lines,
    byIdempotencyKey: (key) => byKey.get(key),
    byRemoteId: (remoteId) => byRemoteId.get(remoteId),
    byMarker: (marker) => byMarker.get(marker) ?? [],
    close: () => closeSync(file),
  };
}

/** A write that the disk took only in part is taken back, so that the next line starts on its own. */
function writeWhole(file: number, bytes: Buffer, size: number): void {
  try {
    for (let done = 0; done < bytes.length; ) done += writeSync(file, bytes, done);
  } catch (error) {
    ftruncateSync(file, size);
    throw error;
  }
}

function parseLine(text: string, where: string): LedgerLine {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw new LedgerError(`${where} is not JSON`, { cause });
  }
  const parsed = LedgerLine.safeParse(json);
  if (parsed.success) return parsed.data;
  throw new LedgerError(`${where} is not a ledger line: ${z.prettifyError(parsed.error)}`);
}

function syncDirectory(directory: string): void {
  const handle = openSync(directory, 'r');
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}
