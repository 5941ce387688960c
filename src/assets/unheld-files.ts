import { randomUUID } from 'node:crypto';
import { mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/** Which of these hashes somebody needs. */
export type HeldOf = (hashes: readonly string[]) => Promise<ReadonlySet<string>>;

export interface RemovalPlan {
  isDryRun: boolean;
  /** Epoch milliseconds: files written later stay, whoever needs them. */
  writtenBefore: number;
  /** Epoch milliseconds: what is not looked at by then is left for the next time. */
  until: number;
}

const BATCH = 500;
const FOLDER = /^[0-9a-f]{2}$/;
const HASH = /^[0-9a-f]{64}$/;

/** Removes files of a store that nobody needs. @returns how many. */
export async function removeUnheldFiles(
  directory: string,
  heldOf: HeldOf,
  plan: RemovalPlan,
): Promise<number> {
  const folders = (await readdir(directory)).filter((name) => FOLDER.test(name)).toSorted();
  // From anywhere on: where the time is over every time, the last folders get their turn too.
  const first = Math.floor(Math.random() * folders.length);
  let removed = 0;
  for (const folder of [...folders.slice(first), ...folders.slice(0, first)]) {
    const hashes = (await readdir(join(directory, folder))).filter((name) => HASH.test(name));
    for (let at = 0; at < hashes.length; at += BATCH) {
      if (Date.now() >= plan.until) return removed;
      const batch = hashes.slice(at, at + BATCH);
      const held = await heldOf(batch);
      for (const hash of batch.filter((one) => !held.has(one))) {
        if (await remove(directory, join(folder, hash), plan)) removed += 1;
      }
    }
  }
  return removed;
}

/**
 * Taken away first and looked at then: an upload of the same bytes writes the file anew, so what is
 * removed is never what it has just written.
 */
async function remove(directory: string, name: string, plan: RemovalPlan): Promise<boolean> {
  const path = join(directory, name);
  if (!(await isOld(path, plan))) return false;
  if (plan.isDryRun) return true;
  const aside = join(directory, 'tmp', randomUUID());
  await rename(path, aside);
  if (await isOld(aside, plan)) {
    await rm(aside, { force: true });
    return true;
  }
  await mkdir(dirname(path), { recursive: true });
  await rename(aside, path);
  return false;
}

async function isOld(path: string, { writtenBefore }: RemovalPlan): Promise<boolean> {
  const found = await stat(path).catch(() => null);
  return found !== null && found.mtimeMs < writtenBefore;
}
