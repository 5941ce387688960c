import { createHash } from 'node:crypto';
import type { FaultMode, FaultOrder } from './protocol.ts';

/** Decides which posts go wrong, and how. */
export interface FaultPlan {
  order(order: FaultOrder): void;
  clear(): void;
  /** Orders that still apply. */
  pending(): readonly FaultOrder[];
  /** The fault of this post, if any; an order by count is used up by it. */
  next(post: { marker: string; account: string }): FaultMode | null;
}

/** A plan without orders: nothing goes wrong until one is given. */
export function createFaultPlan(): FaultPlan {
  let orders: FaultOrder[] = [];
  let attempts = new Map<string, number>();
  return {
    order: (order) => void orders.push(structuredClone(order)),
    clear() {
      orders = [];
      attempts = new Map();
    },
    pending: () => orders,
    next(post) {
      const attempt = (attempts.get(post.marker) ?? 0) + 1;
      attempts.set(post.marker, attempt);
      for (const order of orders) {
        if ('seed' in order) {
          const mode = drawFault(order, `${post.marker}\n${attempt}`);
          if (mode) return mode;
        } else if (
          (order.marker ?? post.marker) === post.marker &&
          (order.account ?? post.account) === post.account
        ) {
          order.times -= 1;
          if (order.times === 0) orders = orders.filter((other) => other !== order);
          return order.mode;
        }
      }
      return null;
    },
  };
}

/** Depends on the post and its attempt only, not on the order in which posts arrive. */
function drawFault(
  { seed, rate, modes }: Extract<FaultOrder, { seed: string }>,
  attempt: string,
): FaultMode | null {
  const digest = createHash('sha256').update(`${seed}\n${attempt}`).digest();
  if (digest.readUIntBE(0, 6) / 2 ** 48 >= rate) return null;
  return modes[digest.readUInt32BE(6) % modes.length] ?? null;
}
