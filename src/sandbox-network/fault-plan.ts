import type { FaultMode, FaultOrder } from '../channels/sandbox/protocol.ts';
import { drawOf } from './draw.ts';

/** What is to go wrong with a post. */
export interface Fault {
  mode: FaultMode;
  listedAfterMs?: number | undefined;
}

/** Decides which posts go wrong, and how. */
export interface FaultPlan {
  order(order: FaultOrder): void;
  clear(): void;
  /** Orders that still apply. */
  pending(): readonly FaultOrder[];
  /** The fault of this post, if any; an order by count is used up by it. */
  next(post: { marker: string; account: string; text: string }): Fault | null;
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
        if ((order.account ?? post.account) !== post.account) continue;
        const { listedAfterMs } = order;
        if ('seed' in order) {
          const mode = drawFault(order, post, attempt);
          if (mode) return { mode, listedAfterMs };
        } else if ((order.marker ?? post.marker) === post.marker) {
          order.times -= 1;
          if (order.times === 0) orders = orders.filter((other) => other !== order);
          return { mode: order.mode, listedAfterMs };
        }
      }
      return null;
    },
  };
}

/** Depends on the post and its attempt only, not on the order in which posts arrive. */
function drawFault(
  { seed, rate, modes, firstAttemptOnly }: Extract<FaultOrder, { seed: string }>,
  { marker, text }: { marker: string; text: string },
  attempt: number,
): FaultMode | null {
  if (firstAttemptOnly && attempt > 1) return null;
  // Markers are made of ids that differ from run to run; a harness numbers its texts.
  const { unit, choice } = drawOf(seed, firstAttemptOnly ? text : `${marker}\n${attempt}`);
  return unit < rate ? (modes[choice % modes.length] ?? null) : null;
}
