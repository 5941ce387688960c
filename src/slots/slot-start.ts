import type { ItemContext } from '../domain/item/context.ts';
import { heldUntil } from '../domain/item/slots.ts';

/** A free slot is proposed only so far ahead that its plan can be made in time. */
const MARGIN_MS = 5 * 60_000;

/**
 * The earliest instant after which an item may take a slot: late enough to be approved in time while
 * it is not, and not before its embargo ends.
 */
export function slotsAfter(context: ItemContext, now: string): string {
  const embargo = context.brief?.embargoUntil ?? null;
  const open = Date.parse(now) + MARGIN_MS + approvalMs(context, now);
  // An embargo that ends at a slot's very instant allows it.
  return new Date(Math.max(open, embargo === null ? 0 : Date.parse(embargo) - 1)).toISOString();
}

/** How long before its time a slot is given up while the item is not approved. */
function approvalMs(context: ItemContext, at: string): number {
  return Date.parse(at) - heldUntil(context, { at });
}
