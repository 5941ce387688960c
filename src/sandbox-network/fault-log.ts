import { appendFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { FaultLine } from '../channels/sandbox/protocol.ts';

/** Remembers which posts were made to fail, beside the ledger and never in it. */
export interface FaultLog {
  note(line: FaultLine): void;
}

export function openFaultLog(directory: string): FaultLog {
  mkdirSync(directory, { recursive: true });
  const path = join(directory, 'faults.jsonl');
  return { note: (line) => appendFileSync(path, `${JSON.stringify(line)}\n`) };
}
