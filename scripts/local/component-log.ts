import { createWriteStream, mkdirSync, renameSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { ComponentName } from './component.ts';

/** A component's log file, and what is shown of it on the terminal. */
export interface ComponentLog {
  write(line: string): void;
  close(): Promise<void>;
}

const ROTATE_BYTES = 10 * 1024 * 1024;

/**
 * Opens `<directory>/<name>.log` for appending; a file over 10 MB is first renamed to `.log.1`.
 * `onLine` gets each line with the component's label in front.
 */
export function openComponentLog(
  directory: string,
  name: ComponentName,
  onLine?: (line: string) => void,
): ComponentLog {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const file = join(directory, `${name}.log`);
  if (sizeOf(file) > ROTATE_BYTES) renameSync(file, `${file}.1`);
  const stream = createWriteStream(file, { flags: 'a', mode: 0o600 });
  // A full disk must not end the stack: it goes on without this log.
  stream.on('error', () => {});
  const label = `[${name}]`.padEnd(11);
  return {
    write(line) {
      stream.write(`${line}\n`);
      onLine?.(`${label} ${line}`);
    },
    close: () => new Promise((resolve) => stream.end(() => resolve())),
  };
}

function sizeOf(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0;
}
