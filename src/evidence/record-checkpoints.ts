import { randomUUID } from 'node:crypto';
import { mkdir, rename, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';
import {
  type ChainHead,
  type CheckpointRow,
  type CheckpointSummary,
  getCheckpoint,
  insertCheckpoint,
  listChangedHeads,
  listNewestCheckpoints,
  lockCheckpoints,
} from '../db/audit/checkpoints.ts';
import type { Db } from '../db/client.ts';
import { addOutboxEvent } from '../db/outbound/outbox.ts';
import { inTransaction } from '../db/transaction.ts';
import { canonicalJson } from '../domain/canonical.ts';
import { GENESIS_HASH } from '../domain/item/event.ts';
import {
  type Checkpoint,
  type CheckpointFile,
  headLine,
  type SigningKey,
  signCheckpoint,
} from './checkpoint.ts';
import { sha256Of } from './pack-file.ts';

/** Heads in one checkpoint; more go into the next one. */
const MAX_HEADS = 200_000;
const HEADS_AT_A_TIME = 5_000;
/** So many of the newest files are always looked for; where none of them is there, as many before them. */
const FILES_KEPT_UP = 48;

/**
 * Records what has changed at the ends of a workspace's chains. Part of one transaction: the row, what it
 * told, and the event that tells subscribers.
 * @returns null when nothing has changed since the last one.
 */
export function recordCheckpoint(
  { db, key }: { db: Db; key: SigningKey },
  { workspaceId, now }: { workspaceId: string; now: string },
): Promise<Checkpoint | null> {
  return inTransaction(db, async (tx) => {
    await lockCheckpoints(tx, { workspaceId });
    const heads = await listChangedHeads(tx, { workspaceId, limit: MAX_HEADS });
    if (heads.length === 0) return null;
    const [last] = await listNewestCheckpoints(tx, { workspaceId, limit: 1 });
    const text = await textOfHeads(heads);
    const checkpoint = signCheckpoint(
      {
        workspaceId,
        seq: (last?.seq ?? 0) + 1,
        at: now,
        headCount: heads.length,
        headsHash: sha256Of(text),
        prevHash: last?.hash ?? GENESIS_HASH,
      },
      key,
    );
    const { format: _, version: __, ...columns } = checkpoint;
    await insertCheckpoint(tx, { ...columns, heads: await promisify(gzip)(text) }, heads);
    await addOutboxEvent(tx, {
      workspaceId,
      type: 'audit.checkpoint_recorded',
      payload: { at: now, data: { ...checkpoint } },
    });
    return checkpoint;
  });
}

async function textOfHeads(heads: readonly ChainHead[]): Promise<string> {
  const parts: string[] = [];
  for (let at = 0; at < heads.length; at += HEADS_AT_A_TIME) {
    parts.push(
      heads
        .slice(at, at + HEADS_AT_A_TIME)
        .map(headLine)
        .join(''),
    );
    await nextTurn();
  }
  return parts.join('');
}

/** A stored checkpoint as others hold it. */
export function checkpointOf(row: CheckpointSummary): Checkpoint {
  const {
    workspaceId,
    seq,
    at,
    keyId,
    headCount,
    headsHash,
    prevHash,
    hash,
    signature,
    publicKey,
  } = row;
  const statement = { workspaceId, seq, at, keyId, headCount, headsHash, prevHash };
  return { format: 'baton-checkpoint', version: 1, ...statement, hash, signature, publicKey };
}

export async function checkpointFileOf(row: CheckpointRow): Promise<CheckpointFile> {
  const heads = (await promisify(gunzip)(row.heads)).toString('utf8');
  return { ...checkpointOf(row), heads };
}

/**
 * Writes checkpoints into a directory, where they are not yet: `<workspace>/<number>.json`. However long
 * the directory was away, all that were recorded meanwhile.
 */
export async function writeCheckpoints(
  db: Db,
  { workspaceId, directory }: { workspaceId: string; directory: string },
): Promise<number> {
  const folder = join(directory, workspaceId);
  const pathOf = (seq: number) => join(folder, `${String(seq).padStart(8, '0')}.json`);
  let written = 0;
  // Oldest first: where one fails, the next time goes back to where this one ended.
  for (const seq of await missingFiles(db, { workspaceId, pathOf })) {
    const path = pathOf(seq);
    const row = await getCheckpoint(db, { workspaceId, seq });
    if (row === null) continue;
    await mkdir(folder, { recursive: true });
    const writing = `${path}.${randomUUID()}`;
    await writeFile(writing, `${canonicalJson(await checkpointFileOf(row))}\n`, { flag: 'wx' });
    // Whole or not at all; of two that write it, both have the same content.
    await rename(writing, path);
    written += 1;
  }
  return written;
}

/** Numbers of checkpoints without a file, oldest first, back to where there is one. */
async function missingFiles(
  db: Db,
  { workspaceId, pathOf }: { workspaceId: string; pathOf: (seq: number) => string },
): Promise<number[]> {
  const missing: number[] = [];
  for (let before: number | undefined; ; ) {
    const page = await listNewestCheckpoints(db, {
      workspaceId,
      limit: FILES_KEPT_UP,
      ...(before !== undefined && { before }),
    });
    let found = 0;
    for (const { seq } of page) {
      if (await isThere(pathOf(seq))) found += 1;
      else missing.push(seq);
    }
    before = page.at(-1)?.seq;
    if (before === undefined || found > 0) return missing.reverse();
  }
}

async function isThere(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch {
    return false;
  }
}
