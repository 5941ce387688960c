import { open } from 'node:fs/promises';
import { unzipSync } from 'fflate';
import { linesOf } from '../pack-file.ts';
import {
  type Fault,
  isPackPath,
  MANIFEST,
  MAX_FILES,
  MAX_PACK_BYTES,
  MAX_UNPACKED_BYTES,
} from '../pack-format.ts';

/** The files of a pack by their names. */
export type PackFiles = ReadonlyMap<string, Uint8Array>;

/** What was given is no pack at all, or has a fault that nothing can be read behind. */
export class PackFault extends Error {
  override readonly name = 'PackFault';
  readonly fault: Fault;

  constructor(fault: Fault) {
    super(fault.message);
    this.fault = fault;
  }
}

/** The bytes of a file, of no more than a pack may have. @throws PackFault. */
export async function readBounded(path: string, maxBytes = MAX_PACK_BYTES): Promise<Uint8Array> {
  let file: Awaited<ReturnType<typeof open>>;
  try {
    file = await open(path);
  } catch {
    throw faultOf(path, 'cannot be opened');
  }
  try {
    const { size } = await file.stat();
    if (size > maxBytes) throw faultOf(path, `is larger than ${maxBytes} bytes`);
    return await file.readFile();
  } finally {
    await file.close();
  }
}

/**
 * Unfolds a pack in memory. Nothing is written anywhere, a name that a pack does not have is refused,
 * and a file takes no more than it says: what it says is added up before.
 * @throws PackFault.
 */
export function unpack(bytes: Uint8Array): PackFiles {
  const names = new Set<string>();
  let unpacked = 0;
  let files: Record<string, Uint8Array>;
  try {
    files = unzipSync(bytes, {
      filter({ name, originalSize, size }) {
        const shown = JSON.stringify(name.slice(0, 100));
        if (!isPackPath(name)) throw faultOf(null, `holds ${shown}, which no pack has`);
        if (names.has(name)) throw faultOf(name, 'is in it twice');
        names.add(name);
        unpacked += Math.max(originalSize, size);
        if (names.size > MAX_FILES) throw faultOf(null, `holds more than ${MAX_FILES} files`);
        if (unpacked > MAX_UNPACKED_BYTES) {
          throw faultOf(name, `the pack unfolds to more than ${MAX_UNPACKED_BYTES} bytes`);
        }
        return true;
      },
    });
  } catch (error) {
    if (error instanceof PackFault) throw error;
    throw faultOf(null, 'is no whole zip');
  }
  if (!names.has(MANIFEST)) throw faultOf(MANIFEST, 'is missing');
  return new Map(Object.entries(files));
}

function faultOf(file: string | null, message: string): PackFault {
  return new PackFault({ file: file ?? 'the pack', row: null, field: null, message });
}

export function textOf(files: PackFiles, path: string): string {
  return Buffer.from(files.get(path) ?? []).toString('utf8');
}

/** The rows of a file. @throws PackFault at the first that is no JSON object. */
export function rowsOf(files: PackFiles, path: string): Record<string, unknown>[] {
  return linesOf(textOf(files, path)).map((line, index) => {
    const row = parsed(line);
    if (typeof row === 'object' && row !== null && !Array.isArray(row)) {
      return row as Record<string, unknown>;
    }
    throw new PackFault({
      file: path,
      row: index + 1,
      field: null,
      message: 'is no JSON object',
    });
  });
}

/** Undefined for a text that is no JSON. */
export function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
