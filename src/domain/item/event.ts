import { canonicalJson, sha256Hex } from '../canonical.ts';

/** One link of an item's audit chain. `actor` is a member id, or `system`. */
export interface ItemEvent {
  seq: number;
  /** ISO 8601 UTC instant, the run's own clock. */
  at: string;
  type: ItemEventType;
  actor: string;
  data: Record<string, unknown>;
  prevHash: string;
  hash: string;
}

/** Closed list, past tense, in the order of an item's life. */
export const ITEM_EVENT_TYPES = [
  'item.started',
  'brief.saved',
  'handoff.offered',
  'handoff.withdrawn',
  'handoff.accepted',
  'handoff.declined',
  'draft.saved',
  'review.submitted',
  'revision.acknowledged',
  'approval.requested',
  'approval.decided',
  'approval.voided',
  'gate.closed',
  'publication.held',
  'publication.planned',
  'publication.unscheduled',
  'publication.due',
  'publication.sending',
  'publication.published',
  'publication.rejected',
  'publication.unknown',
  'publication.returned',
  'publication.missed',
  'publication.skipped',
  'publication.resolved',
  'kpi_checkpoint.planned',
  'kpi_checkpoint.recorded',
  'kpi_checkpoint.missing',
  'kpi_targets.frozen',
  'kpi_review.opened',
  'kpi_review.frozen',
  'kpi_review.signed_off',
  'kpi_review.returned',
  'kpi_review.extended',
  'kpi_review.closed',
  'item.stage_changed',
  'item.held',
  'item.resumed',
  'item.cancelled',
  'item.closed',
  'item.reassigned',
  'item.escalated',
  'clock.extended',
  'sla.warned',
  'sla.breached',
  'item.campaign_changed',
  'campaign.released',
  'campaign.cancelled',
  'run.replaced',
] as const;

export type ItemEventType = (typeof ITEM_EVENT_TYPES)[number];

/** `prevHash` of the first event. */
export const GENESIS_HASH = '0'.repeat(64);

/** An event before it has its place in the chain. */
export interface EventRecord {
  type: ItemEventType;
  data: Record<string, unknown>;
}

/** hex SHA-256 of `prevHash` followed by the RFC 8785 JSON of `{seq, at, type, actor, data}`. */
export function eventHash(event: Omit<ItemEvent, 'hash'>): string {
  const { seq, at, type, actor, data, prevHash } = event;
  return sha256Hex(prevHash + canonicalJson({ seq, at, type, actor, data }));
}

/**
 * Appends records to a chain that ends at `head`. Only the first event of a command carries its id, so
 * that each applied command is in the chain once.
 */
export function chainEvents(
  head: { seq: number; hash: string },
  records: readonly EventRecord[],
  { at, actor, commandId = null }: { at: string; actor: string; commandId?: string | null },
): ItemEvent[] {
  let { seq, hash } = head;
  return records.map(({ type, data }, index) => {
    seq += 1;
    const stamped = index === 0 && commandId !== null ? { commandId, ...data } : data;
    const link = { seq, at, actor, type, data: stamped, prevHash: hash };
    hash = eventHash(link);
    return { ...link, hash };
  });
}

/** The command that an event answers: null for all but the first event of a command. */
export function commandIdOf({ data }: ItemEvent): string | null {
  const id = data['commandId'];
  return typeof id === 'string' ? id : null;
}

export type ChainFault = { code: 'event_gap'; seq: number } | { code: 'chain_broken'; seq: number };

/**
 * Checks a run of events in ascending seq against the chain rule.
 * @param from where the run starts; omit it for a whole chain.
 * @returns the first fault, or null.
 */
export function verifyChain(
  events: readonly ItemEvent[],
  from: { seq: number; hash: string } = { seq: 0, hash: GENESIS_HASH },
): ChainFault | null {
  let { seq, hash } = from;
  for (const event of events) {
    if (event.seq !== seq + 1) return { code: 'event_gap', seq: seq + 1 };
    if (event.prevHash !== hash || event.hash !== eventHash(event)) {
      return { code: 'chain_broken', seq: event.seq };
    }
    seq = event.seq;
    hash = event.hash;
  }
  return null;
}
