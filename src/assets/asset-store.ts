import { createHash, randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { type FileHandle, mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import type { AssetKind } from '../domain/asset-kinds.ts';
import { ASSET_MAX_BYTES, createTextCheck, SNIFFED_BYTES, sniffType } from './asset-types.ts';
import { type HeldOf, type RemovalPlan, removeUnheldFiles } from './unheld-files.ts';

export const ASSET_ERROR_CODES = [
  'asset_empty',
  'asset_too_large',
  'asset_type_refused',
  'asset_upload_aborted',
  'asset_unknown',
  'asset_hash_invalid',
  'asset_store_full',
] as const;
export type AssetErrorCode = (typeof ASSET_ERROR_CODES)[number];

/** Why a file was not stored or cannot be read; the message names the rule. */
export class AssetError extends Error {
  readonly code: AssetErrorCode;

  constructor(code: AssetErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

export interface StoredAsset {
  /** Lower-case hex SHA-256 of the file's bytes: its address. */
  hash: string;
  kind: AssetKind;
  /** As its bytes show it. */
  mediaType: string;
  /** Bytes. */
  size: number;
}

export interface PutOptions {
  kind: AssetKind;
  /** A limit below the kind's own, in bytes. */
  maxBytes?: number;
  signal?: AbortSignal;
}

export interface AssetStore {
  /**
   * Stores a file under its hash; a file that is there already is stored once. It is on the disk, whole, when
   * this returns; nothing is left of it when this throws.
   * @throws AssetError `asset_empty`, `asset_too_large`, `asset_type_refused`, `asset_upload_aborted`,
   *   `asset_store_full`
   */
  putAsset(source: AsyncIterable<Uint8Array>, options: PutOptions): Promise<StoredAsset>;
  /**
   * A stored file, to be read once.
   * @throws AssetError `asset_hash_invalid`, `asset_unknown`
   */
  openAsset(hash: string): Promise<{ size: number; stream: Readable }>;
  /** Removes files that nobody needs. @returns how many. */
  removeUnheld(heldOf: HeldOf, plan: RemovalPlan): Promise<number>;
}

const HASH = /^[0-9a-f]{64}$/;
const ABANDONED_AFTER_MS = 24 * 3_600_000;
const FILE_MODE = 0o640;

/**
 * Opens the content-addressed store in a directory: `<first two digits>/<hash>`, with uploads under `tmp`
 * until they are whole. Several processes may share it. Uploads that a crash left are removed after a day.
 * @param now epoch milliseconds, for the age of abandoned uploads
 */
export async function openAssetStore({
  directory,
  now,
}: {
  directory: string;
  now: number;
}): Promise<AssetStore> {
  const uploads = join(directory, 'tmp');
  await mkdir(uploads, { recursive: true });
  await removeAbandoned(uploads, now);
  const pathOf = (hash: string): string => join(directory, hash.slice(0, 2), hash);

  return {
    async putAsset(source, options) {
      const upload = join(uploads, randomUUID());
      try {
        const asset = await receive(source, upload, options);
        await settle(upload, pathOf(asset.hash), directory);
        return asset;
      } catch (error) {
        await rm(upload, { force: true });
        if (codeOf(error) !== 'ENOSPC') throw error;
        throw new AssetError('asset_store_full', 'the asset store is full', { cause: error });
      }
    },
    removeUnheld: (heldOf, plan) => removeUnheldFiles(directory, heldOf, plan),
    async openAsset(hash) {
      if (!HASH.test(hash)) {
        throw new AssetError('asset_hash_invalid', 'a hash is 64 lower-case hex digits');
      }
      const path = pathOf(hash);
      try {
        return { size: (await stat(path)).size, stream: createReadStream(path) };
      } catch (error) {
        if (codeOf(error) !== 'ENOENT') throw error;
        throw new AssetError('asset_unknown', `there is no asset ${hash}`, { cause: error });
      }
    },
  };
}

/** Writes the upload to its temporary file, on the disk when this returns. */
async function receive(
  source: AsyncIterable<Uint8Array>,
  path: string,
  { kind, maxBytes, signal }: PutOptions,
): Promise<StoredAsset> {
  const limit = Math.min(maxBytes ?? Number.POSITIVE_INFINITY, ASSET_MAX_BYTES[kind]);
  const file = await open(path, 'wx', FILE_MODE);
  try {
    const hash = createHash('sha256');
    const text = createTextCheck();
    const sniffer = createSniffer(kind);
    let size = 0;
    for await (const chunk of abortable(source, signal)) {
      size += chunk.length;
      if (size > limit) {
        throw new AssetError('asset_too_large', `a ${kind} asset has at most ${limit} bytes`);
      }
      await sniffer.add(chunk);
      hash.update(chunk);
      text.add(chunk);
      await writeWhole(file, chunk);
    }
    if (size === 0) throw new AssetError('asset_empty', 'the file is empty');
    const mediaType = (await sniffer.end()) ?? text.mediaType();
    if (mediaType === null) throw typeRefused(kind, null);
    await file.sync();
    return { hash: hash.digest('hex'), kind, mediaType, size };
  } finally {
    await file.close();
  }
}

/** Refuses a wrong type as soon as its first bytes are there, not after the whole upload. */
function createSniffer(kind: AssetKind) {
  const head: Uint8Array[] = [];
  let have = 0;
  let decided: { mediaType: string | null } | null = null;
  async function decide(): Promise<{ mediaType: string | null }> {
    const { mediaType, allowed } = await sniffType(Buffer.concat(head), kind);
    if (!allowed) throw typeRefused(kind, mediaType);
    return { mediaType };
  }
  return {
    async add(chunk: Uint8Array): Promise<void> {
      if (decided) return;
      head.push(chunk.subarray(0, SNIFFED_BYTES - have));
      have = Math.min(SNIFFED_BYTES, have + chunk.length);
      if (have === SNIFFED_BYTES) decided = await decide();
    },
    /** The type by signature; null where only the whole text can tell. */
    async end(): Promise<string | null> {
      decided ??= await decide();
      return decided.mediaType;
    },
  };
}

function typeRefused(kind: AssetKind, mediaType: string | null): AssetError {
  const found = mediaType ?? 'an unknown format';
  return new AssetError('asset_type_refused', `${found} is not taken as a ${kind} asset`);
}

/** The source's chunks; its failures and the signal become `asset_upload_aborted`. */
async function* abortable(
  source: AsyncIterable<Uint8Array>,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array> {
  const iterator = source[Symbol.asyncIterator]();
  const aborted = Promise.withResolvers<never>();
  // Nobody waits for it when the source ends first.
  aborted.promise.catch(() => undefined);
  const onAbort = (): void => aborted.reject(signal?.reason);
  signal?.addEventListener('abort', onAbort, { once: true });
  let ended = false;
  try {
    signal?.throwIfAborted();
    for (;;) {
      const next = await Promise.race([iterator.next(), aborted.promise]);
      if (next.done) break;
      yield next.value;
    }
    ended = true;
  } catch (error) {
    ended = error !== signal?.reason;
    throw new AssetError('asset_upload_aborted', 'the upload ended before the file was whole', {
      cause: error,
    });
  } finally {
    signal?.removeEventListener('abort', onAbort);
    // Tells a source that was not read to its end that nobody will.
    if (!ended) void Promise.resolve(iterator.return?.()).catch(() => undefined);
  }
}

async function writeWhole(file: FileHandle, chunk: Uint8Array): Promise<void> {
  for (let done = 0; done < chunk.length; ) {
    done += (await file.write(chunk, done)).bytesWritten;
  }
}

/** Moves a whole upload to its address and makes the move last. */
async function settle(upload: string, path: string, directory: string): Promise<void> {
  const folder = join(path, '..');
  if (await mkdir(folder, { recursive: true })) await syncFolder(directory);
  await rename(upload, path);
  await syncFolder(folder);
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

async function removeAbandoned(uploads: string, now: number): Promise<void> {
  for (const name of await readdir(uploads)) {
    const path = join(uploads, name);
    const found = await stat(path).catch(() => null);
    if (found && now - found.mtimeMs > ABANDONED_AFTER_MS) await rm(path, { force: true });
  }
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}
