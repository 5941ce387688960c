import type { PublishOutcome } from '../channels/channel.ts';
import { deleteCredentialRefusal, noteCredentialRefusal } from '../db/credential-refusals.ts';
import type { PublicationOrder } from '../domain/publication-intent.ts';
import type { ActivityDeps } from './deps.ts';
import type { SendTarget } from './post-content.ts';

/**
 * Notes what a send told about the account's credentials, for the audit. The outcome of the send must not hang on
 * it: a note that fails is made by the next send.
 */
export async function noteCredentialVerdict(
  { db }: Pick<ActivityDeps, 'db'>,
  { workspaceId, channelAccountId }: PublicationOrder,
  { sealed }: SendTarget,
  outcome: PublishOutcome,
): Promise<void> {
  if (sealed === null) return;
  const key = { workspaceId, channelAccountId };
  try {
    if (outcome.outcome === 'published') await deleteCredentialRefusal(db, key);
    else if (outcome.outcome === 'rejected' && outcome.code === 'credentials_refused') {
      await noteCredentialRefusal(db, { ...key, sealed, why: outcome.message });
    }
  } catch {
    // See above.
  }
}
