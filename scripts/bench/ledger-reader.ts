import { closeSync, existsSync, fstatSync, openSync, readSync } from 'node:fs';
import { z } from 'zod';

/** What the sandbox network says of a post that it accepted. */
const LedgerLine = z.object({ marker: z.string(), at: z.iso.datetime() });
export type LedgerLine = z.infer<typeof LedgerLine>;

/**
 * Reads the file in which the sandbox network keeps its evidence while it is being written, each line
 * once.
 */
export function ledgerReader(path: string): { newLines(): LedgerLine[] } {
  let offset = 0;
  return {
    newLines() {
      const text = readFrom(path, offset);
      const end = text.lastIndexOf(0x0a) + 1;
      offset += end;
      const lines = text.toString('utf8', 0, end).split('\n').slice(0, -1);
      return lines.map((line) => LedgerLine.parse(JSON.parse(line)));
    },
  };
}

function readFrom(path: string, offset: number): Buffer {
  if (!existsSync(path)) return Buffer.alloc(0);
  const file = openSync(path, 'r');
  try {
    const bytes = Buffer.alloc(Math.max(0, fstatSync(file).size - offset));
    return bytes.subarray(0, readSync(file, bytes, 0, bytes.length, offset));
  } finally {
    closeSync(file);
  }
}
