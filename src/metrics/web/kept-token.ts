import { createHash } from 'node:crypto';
import type { SourceFailure, SourceMeans } from '../source-kind.ts';

/** A token and until when it is good, epoch milliseconds. */
export interface Token {
  token: string;
  until: number;
}

/**
 * The token that a login gave, for as long as it is good. It serves only whoever has the very credentials
 * that it was given for.
 * @param asked `refused`: the source no longer takes this one.
 */
export async function keptToken(
  { sessions, ownerId, now }: Pick<SourceMeans, 'sessions' | 'ownerId' | 'now'>,
  asked: {
    secret: unknown;
    refused: string | null;
    login(): Promise<Token | SourceFailure>;
  },
): Promise<string | SourceFailure> {
  const owner = createHash('sha256').update(JSON.stringify(asked.secret)).digest('hex');
  let reply: string | SourceFailure = '';
  await sessions.renew(ownerId, async (kept) => {
    const [keptOwner, until, token] = kept?.split(' ') ?? [];
    const good = keptOwner === owner && Number(until) > now();
    if (good && token !== undefined && token !== asked.refused) {
      reply = token;
      return kept ?? '';
    }
    const given = await asked.login();
    reply = 'unavailable' in given ? given : given.token;
    // What is lost is asked for again.
    return 'unavailable' in given ? '' : `${owner} ${given.until} ${given.token}`;
  });
  return reply;
}
