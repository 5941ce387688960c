import type { IntentRow } from '../db/publish-intents.ts';
import type { PublicationOutcome } from '../domain/publication-intent.ts';

/** Outcomes that stand, so that nothing has to be asked. */
export function settledOutcome(intent: IntentRow | null): PublicationOutcome | null {
  if (intent?.state === 'published') {
    return publishedOutcome(intent, 'recorded by the send');
  }
  if (intent?.state === 'rejected') {
    return { outcome: 'rejected', evidence: JSON.stringify(intent.evidence) };
  }
  return null;
}

export function publishedOutcome(
  { remoteId, permalink }: { remoteId: string | null; permalink: string | null },
  evidence: string,
): PublicationOutcome {
  return {
    outcome: 'published',
    remoteId: remoteId ?? '',
    ...(permalink !== null && { permalink }),
    evidence,
  };
}
