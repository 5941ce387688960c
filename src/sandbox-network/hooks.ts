import { request } from 'node:http';
import type { HookCall, HookOrder, HookPoint } from '../channels/sandbox/protocol.ts';
import { drawOf } from './draw.ts';

/** Calls of a harness at exact instants of a post. */
export interface Hooks {
  order(order: HookOrder): void;
  clear(): void;
  pending(): readonly HookOrder[];
  /** Waits for every harness that ordered a call at this point of this post. */
  reach(at: HookPoint, post: Omit<HookCall, 'at'>): Promise<void>;
}

export function createHooks(): Hooks {
  let orders: HookOrder[] = [];
  return {
    order: (order) => void orders.push(structuredClone(order)),
    clear() {
      orders = [];
    },
    pending: () => orders,
    async reach(at, post) {
      for (const order of orders.filter((candidate) => isMeant(candidate, at, post))) {
        order.times -= 1;
        if (order.times === 0) orders = orders.filter((other) => other !== order);
        await callHarness(order, { at, ...post });
      }
    },
  };
}

function isMeant(order: HookOrder, at: HookPoint, post: Omit<HookCall, 'at'>): boolean {
  if (order.at !== at) return false;
  if ((order.marker ?? post.marker) !== post.marker) return false;
  if ((order.account ?? post.account) !== post.account) return false;
  const { share } = order;
  return share === undefined || drawOf(share.seed, post.text).unit < share.rate;
}

/** Ends with the answer, with the deadline, or with the harness being gone: a hook can delay a post, not lose it. */
function callHarness({ url, timeoutMs }: HookOrder, call: HookCall): Promise<void> {
  return new Promise((resolve) => {
    const sent = request(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      signal: AbortSignal.timeout(timeoutMs),
    });
    sent.on('response', (response) => response.resume().on('close', resolve));
    sent.on('error', () => resolve());
    sent.end(JSON.stringify(call));
  });
}
