import { randomBytes } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

/** Reads a secret, generating it (random bytes in `encoding`) when there is no such file. */
export function readOrCreateSecret(
  file: string,
  { bytes, encoding }: { bytes: number; encoding: 'base64' | 'base64url' },
): string {
  if (!existsSync(file)) writeSecret(file, randomBytes(bytes).toString(encoding));
  return readFileSync(file, 'utf8').trim();
}

/** Writes a file that only its owner reads (mode 0600), whole or not at all. */
export function writeSecret(file: string, content: string): void {
  mkdirSync(dirname(file), { recursive: true });
  const writing = `${file}.${process.pid}`;
  writeFileSync(writing, content, { mode: 0o600 });
  chmodSync(writing, 0o600);
  renameSync(writing, file);
}
