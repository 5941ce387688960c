import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { ACTS_STREAM } from '../../db/audit/checkpoints.ts';
import { GENESIS_HASH } from '../../domain/item/event.ts';
import {
  type CheckpointFile,
  checkpointFault,
  readPublicKey,
  CheckpointFile as Schema,
} from '../checkpoint.ts';
import { linesOf, sha256Of } from '../pack-file.ts';
import { type Fault, type Manifest, pathOf } from '../pack-format.ts';
import type { PackRows } from './pack-rows.ts';
import { PackFault, parsed, readBounded } from './read-pack.ts';

/** A checkpoint whose signature holds, and the file it came from. */
export interface KeptCheckpoint {
  file: string;
  row: number;
  checkpoint: CheckpointFile;
}

const MAX_CHECKPOINT_BYTES = 64 * 1024 * 1024;
const MAX_CHECKPOINT_FILES = 100_000;
const MAX_KEY_BYTES = 64 * 1024;

/**
 * Reads checkpoints, one per file or one per line, and checks each: signed by one of the keys, its heads
 * as it says, linked to the one before.
 * @throws PackFault at the first that is not.
 */
export async function readCheckpoints(
  path: string,
  keyPaths: readonly string[],
): Promise<KeptCheckpoint[]> {
  const keys = new Map<string, ReturnType<typeof readPublicKey>['key']>();
  for (const keyPath of keyPaths) {
    const { id, key } = await readKey(keyPath);
    keys.set(id, key);
  }
  const kept: KeptCheckpoint[] = [];
  for (const file of await filesOf(path)) {
    const text = Buffer.from(await readBounded(file, MAX_CHECKPOINT_BYTES)).toString('utf8');
    for (const [index, line] of linesOf(text).entries()) {
      const at = { file, row: index + 1 };
      const read = Schema.safeParse(parsed(line));
      if (!read.success) throw faultAt(at, null, 'is no checkpoint');
      const checkpoint = read.data;
      const key = keys.get(checkpoint.keyId);
      if (key === undefined)
        throw faultAt(at, 'keyId', `the key ${checkpoint.keyId} was not given`);
      const fault = checkpointFault(checkpoint, key);
      if (fault !== null) throw faultAt(at, 'signature', fault);
      if (sha256Of(checkpoint.heads) !== checkpoint.headsHash) {
        throw faultAt(at, 'heads', 'are not those that were signed');
      }
      kept.push({ ...at, checkpoint });
    }
  }
  return linked(kept);
}

async function readKey(path: string): Promise<ReturnType<typeof readPublicKey>> {
  const pem = Buffer.from(await readBounded(path, MAX_KEY_BYTES)).toString('utf8');
  try {
    return readPublicKey(pem);
  } catch {
    throw faultAt({ file: path, row: null }, null, 'is no Ed25519 public key in PEM');
  }
}

async function filesOf(path: string): Promise<string[]> {
  const found = await stat(path).catch(() => null);
  if (found === null) throw faultAt({ file: path, row: null }, null, 'cannot be opened');
  if (!found.isDirectory()) return [path];
  const names = (await readdir(path)).filter((name) => name.endsWith('.json')).sort();
  if (names.length === 0 || names.length > MAX_CHECKPOINT_FILES) {
    throw faultAt({ file: path, row: null }, null, `holds ${names.length} files of checkpoints`);
  }
  return names.map((name) => join(path, name));
}

/** Of one workspace, each number once, none missing in between, and each linked to the one before. */
function linked(kept: readonly KeptCheckpoint[]): KeptCheckpoint[] {
  const sorted = [...kept].sort((a, b) => a.checkpoint.seq - b.checkpoint.seq);
  for (const [index, one] of sorted.entries()) {
    const { seq, prevHash, workspaceId } = one.checkpoint;
    const before = sorted[index - 1]?.checkpoint;
    if (before !== undefined && before.workspaceId !== workspaceId) {
      throw faultAt(one, 'workspaceId', 'checkpoints of two workspaces are there');
    }
    if (before?.seq === seq) throw faultAt(one, 'seq', `checkpoint ${seq} is there twice`);
    if (before !== undefined && before.seq < seq - 1) {
      throw faultAt(one, 'seq', `checkpoint ${before.seq + 1} is missing`);
    }
    // The first that was given may be a later one: then nothing says what was before.
    const expected = seq === 1 ? GENESIS_HASH : (before?.hash ?? prevHash);
    if (prevHash !== expected) throw faultAt(one, 'prevHash', 'is not the hash of the one before');
  }
  return sorted;
}

function faultAt(
  { file, row }: Pick<Fault, 'file' | 'row'>,
  field: string | null,
  message: string,
): PackFault {
  return new PackFault({ file, row, field, message });
}

/** The pack's chains have to go through every head that a checkpoint saw. */
export function holdAgainst(
  kept: readonly KeptCheckpoint[],
  { events, acts, item }: PackRows,
  { workspaceId, actsHead }: Manifest,
): { faults: Fault[]; heads: number } {
  const faults: Fault[] = [];
  let heads = 0;
  for (const { file, row, checkpoint } of kept) {
    if (checkpoint.workspaceId !== workspaceId) {
      return { faults: [faultAt({ file, row }, 'workspaceId', 'is another one').fault], heads };
    }
    for (const line of linesOf(checkpoint.heads)) {
      const [stream = '', seqText = '', hash = ''] = line.split(' ');
      const seq = Number(seqText);
      const isItem = stream === item.id;
      // Acts after the last one in the pack are about something else.
      if (!isItem && !(stream === ACTS_STREAM && seq <= actsHead.seq)) continue;
      heads += 1;
      const chain = isItem ? events : acts;
      if (chain[seq - 1]?.hash === hash) continue;
      const says = `checkpoint ${checkpoint.seq} of ${checkpoint.at} saw another hash (${file})`;
      const missing = `is missing: checkpoint ${checkpoint.seq} of ${checkpoint.at} saw it (${file})`;
      const isThere = chain[seq - 1] !== undefined;
      faults.push({
        file: pathOf(isItem ? 'events' : 'acts'),
        row: seq,
        field: isThere ? 'hash' : null,
        message: isThere ? says : missing,
      });
    }
  }
  return { faults, heads };
}
