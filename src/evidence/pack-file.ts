import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { deflateSync } from 'fflate';
import { canonicalJson } from '../domain/canonical.ts';
import { jobOf } from '../threads/threads.ts';
import type { RowDigest } from './pack-format.ts';

export interface PackedFile {
  deflated: Uint8Array;
  crc: number;
  bytes: number;
  sha256: string;
  rows: number;
  /** Lines of the digests of its rows. */
  digests: string;
}

const DIGEST_DIGITS = 16;

/** Compresses a file, the same on every machine, and takes its digests. */
export function packFile({
  path,
  text,
  hasRows,
}: {
  path: string;
  text: string;
  hasRows: boolean;
}): PackedFile {
  const bytes = Buffer.from(text, 'utf8');
  const lines = hasRows ? linesOf(text) : [];
  return {
    deflated: deflateSync(bytes, { level: 6 }),
    crc: crc32(bytes),
    bytes: bytes.length,
    sha256: sha256Of(bytes),
    rows: lines.length,
    digests: digestLines(path, lines),
  };
}

/** A line for each row of a file. */
export function digestLines(path: string, lines: readonly string[]): string {
  return lines
    .map((line, index) => {
      const digest: RowDigest = { file: path, row: index + 1, fields: fieldDigests(line) };
      return `${canonicalJson(digest)}\n`;
    })
    .join('');
}

export const PACK_FILE = jobOf(import.meta, packFile);

/** The lines of a file with rows; each of them ends with a line feed. */
export function linesOf(text: string): string[] {
  const lines = text.split('\n');
  if (lines.at(-1) === '') lines.pop();
  return lines;
}

/** A digest for each field of a row. Only the pack's SHA-256 proves anything: these say where to look. */
export function fieldDigests(line: string): Record<string, string> {
  const row: object = JSON.parse(line);
  return Object.fromEntries(
    Object.entries(row).map(([name, value]) => [
      name,
      sha256Of(canonicalJson(value)).slice(0, DIGEST_DIGITS),
    ]),
  );
}

export function sha256Of(content: string | Uint8Array): string {
  return createHash('sha256').update(content).digest('hex');
}
