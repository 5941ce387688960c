import { randomBytes } from 'node:crypto';
import { mkdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

/**
 * Writes a file that only its owner reads (mode 0600), whole or not at all. A file that is there is
 * replaced, whatever its mode: nobody who opened it before sees the new content.
 * @throws Error when something else than a file is there, such as a device.
 */
export function writeSecret(file: string, content: string): void {
  if (statSync(file, { throwIfNoEntry: false })?.isFile() === false) {
    throw new Error(`${file} is there already and is not a file`);
  }
  mkdirSync(dirname(file), { recursive: true });
  const writing = `${file}.${randomBytes(6).toString('hex')}`;
  try {
    writeFileSync(writing, content, { mode: 0o600, flag: 'wx' });
    renameSync(writing, file);
  } catch (error) {
    rmSync(writing, { force: true });
    throw error;
  }
}
