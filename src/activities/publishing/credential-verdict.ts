import type { LookupOutcome, PublishOutcome } from '../../channels/channel.ts';
import {
  deleteCredentialRefusal,
  noteCredentialRefusal,
} from '../../db/publishing/credential-refusals.ts';
import type { PublicationOrder } from '../../domain/channel/publication-intent.ts';
import type { ActivityDeps } from '../deps.ts';
import type { SendTarget } from './post-content.ts';

/**
 * Notes what a send or a look-up told about the account's credentials, for the audit. Its outcome must not hang on
 * it: a note that fails is made by the next one.
 */
export async function noteCredentialVerdict(
  { db }: Pick<ActivityDeps, 'db'>,
  { workspaceId, channelAccountId }: PublicationOrder,
  { sealed }: SendTarget,
  outcome: PublishOutcome | LookupOutcome,
): Promise<void> {
  if (sealed === null) return;
  const key = { workspaceId, channelAccountId };
  try {
    if (outcome.outcome === 'published') await deleteCredentialRefusal(db, key);
    else if (isRefusal(outcome)) {
      await noteCredentialRefusal(db, { ...key, sealed, why: outcome.message });
    }
  } catch {
    // See above.
  }
}

function isRefusal(
  outcome: PublishOutcome | LookupOutcome,
): outcome is Extract<typeof outcome, { outcome: 'rejected' | 'cannot_tell' }> {
  return (
    (outcome.outcome === 'rejected' && outcome.code === 'credentials_refused') ||
    (outcome.outcome === 'cannot_tell' && outcome.credentialsRefused === true)
  );
}
