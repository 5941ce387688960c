import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { writeSecret } from '../../src/cli/secret-file.ts';

/** Reads a secret, generating it (random bytes in `encoding`) when there is no such file. */
export function readOrCreateSecret(
  file: string,
  { bytes, encoding }: { bytes: number; encoding: 'base64' | 'base64url' },
): string {
  if (!existsSync(file)) writeSecret(file, randomBytes(bytes).toString(encoding));
  return readFileSync(file, 'utf8').trim();
}
