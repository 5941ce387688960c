import { hashOf } from '../canonical.ts';
import {
  clipText,
  jsonBytes,
  KEPT_TEXT_BYTES,
  PERMALINK_BYTES,
  REMOTE_ID_BYTES,
} from '../item/size.ts';

/** One post that may ever go out. */
export interface IntentIdentity {
  workspaceId: string;
  itemId: string;
  channelAccountId: string;
  slotNumber: number;
}

/**
 * Key of a publish intent, derived from exactly these. No content hash is in it: an edit must not
 * make a second post. Workspace and item ids are random (ULIDs), so installations that share a network
 * never share a key; a restored copy of a database does, and then finds the post instead of repeating it.
 */
export function intentKeyOf({
  workspaceId,
  itemId,
  channelAccountId,
  slotNumber,
}: IntentIdentity): string {
  return hashOf({ workspaceId, itemId, channelAccountId, slotNumber });
}

/** What the post can be found by on the network after an unknown outcome. Short enough for a link. */
export function markerOf(intentKey: string): string {
  return `btn-${intentKey.slice(0, 20)}`;
}

/** The order to publish one due slot. Hashes and ids only: content is read where it is sent. */
export interface PublicationOrder extends IntentIdentity {
  publicationId: string;
  channel: string;
  contentHash: string;
  briefHash: string;
  draftHash: string;
  dueAt: string;
  /** Later than this it is not sent any more. */
  sendUntil: string;
}

/** What became of an order. `missed`: its time was over before anything was sent. */
export interface PublicationOutcome {
  outcome: 'published' | 'rejected' | 'unknown' | 'hash_mismatch' | 'missed';
  remoteId?: string;
  permalink?: string;
  evidence?: string;
}

/**
 * What a network answered, as much of it as an item keeps. An id or an address that is cut would be
 * another one: a longer one stays in the send ledger only.
 */
export function keptOutcome<T extends object>(outcome: T & Answer): T {
  const { evidence, remoteId, permalink } = outcome;
  const kept: T & Answer = { ...outcome };
  if (evidence !== undefined) kept.evidence = clipText(evidence, KEPT_TEXT_BYTES);
  if (remoteId !== undefined && jsonBytes(remoteId) - 2 > REMOTE_ID_BYTES) delete kept.remoteId;
  if (permalink !== undefined && jsonBytes(permalink) - 2 > PERMALINK_BYTES) delete kept.permalink;
  return kept;
}

type Answer = Pick<PublicationOutcome, 'evidence' | 'remoteId' | 'permalink'>;

/** Why a look-up comes again although nothing failed; types of the failure that asks the engine for it. */
const LOOK_UP_WAITS = ['LeaseRuns', 'SecondLook', 'Banned'] as const;
export type LookUpWait = (typeof LOOK_UP_WAITS)[number];

export function isLookUpWait(failureType: string | null | undefined): boolean {
  return LOOK_UP_WAITS.some((wait) => wait === failureType);
}
