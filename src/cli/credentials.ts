import { existsSync, readFileSync } from 'node:fs';
import { z } from 'zod';
import { UsageError } from './cli-deps.ts';

/** Where the local stack writes its address and a key per member. */
export const CREDENTIALS_FILE = '.baton/credentials.json';

const Credentials = z.object({
  url: z.string(),
  members: z.array(
    z.object({ role: z.string(), memberId: z.string(), name: z.string(), key: z.string() }),
  ),
});
export type Credentials = z.infer<typeof Credentials>;

/**
 * The credentials in a file; null when there is no such file.
 * @throws UsageError when it holds something else.
 */
export function readCredentials(file: string): Credentials | null {
  if (!existsSync(file)) return null;
  try {
    return Credentials.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch {
    throw new UsageError(`${file} is not a credentials file of the local stack`);
  }
}

/** @throws UsageError naming the roles there are. */
export function memberOf(credentials: Credentials, role: string): Credentials['members'][number] {
  const member = credentials.members.find((candidate) => candidate.role === role);
  if (member) return member;
  const roles = credentials.members.map((candidate) => candidate.role).join(', ');
  throw new UsageError(`nobody is ${role} in the credentials file; there are ${roles}`);
}
