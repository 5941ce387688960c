import type { ItemEvent } from '../../domain/item/event.ts';
import type { ItemRow } from '../../domain/item/row.ts';
import { standingOf } from '../../domain/outbound/standing.ts';
import type { CommandVerdict } from './commands.ts';

/** What a run reports. */
export interface ProjectionBatch {
  workspaceId: string;
  itemId: string;
  events: readonly ItemEvent[];
  /** The row after the last event; leave it out to record events only. */
  item?: ItemRow & { title?: string };
  /** The command that the run applied, its answer, and the seq after it. */
  command?: { id: string; seq: number; answer: Record<string, unknown> };
  /** What subscribers are told. Rows of one event keep their order in every batch. */
  outbox?: readonly { seq: number; type: string; payload: Record<string, unknown> }[];
}

/** What is committed after a batch. */
export interface Projection {
  /** The item row's seq. */
  seq: number;
  /** Seqs stored by this call; the others were there before. */
  recorded: number[];
  /** Seqs just before an event of the batch that are not stored: they may still arrive. */
  missing: number[];
  /** The verdict of `command` now; null without one, and when its row is gone. */
  verdict: CommandVerdict | null;
  /** The run applied a command that was refused before, or applied at another seq: a finding. */
  contradiction: boolean;
}

/** The outbox rows of a batch. */
export function outboxRows({ itemId, item, outbox = [] }: ProjectionBatch) {
  const counts = new Map<number, number>();
  // Where the batch leaves the item: what the receiver decides about.
  const standing = item !== undefined && outbox.length > 0 && { standing: standingOf(item) };
  return outbox.map(({ seq, type, payload }) => {
    const ordinal = counts.get(seq) ?? 0;
    counts.set(seq, ordinal + 1);
    // Derived, so that a batch projected again names the same row; also the id of the webhook.
    const id = `evt_${itemId.replace(/^itm_/, '')}_${seq}_${ordinal}`;
    return { id, seq, ordinal, type, payload: { ...payload, ...standing } };
  });
}
