import type { Item } from '../../src/client/index.ts';
import type { Cast } from './cast.ts';
import type { Narrator } from './narrator.ts';
import { poll } from './poll.ts';

/** Ids of the channel accounts that the story publishes to. */
export interface Accounts {
  /** Its network makes one post of a key, and can be asked for it. */
  keyed: string;
  /** Its network does neither. */
  keyless: string;
}

/** What every chapter works with. */
export interface Story {
  narrator: Narrator;
  cast: Cast;
  accounts: Accounts;
  /** Where the sandbox network listens: it can be told to fail. */
  sandboxUrl: string;
  /** Where the sandbox network writes what it accepted. */
  ledgerFile: string;
  /** Where the story leaves what it made. */
  stateDir: string;
}

/** Waits until an item is in a stage, and answers it. */
export function untilStage({ cast }: Story, itemId: string, stage: Item['stage']): Promise<Item> {
  return poll(`${itemId} in ${stage}`, async () => {
    const item = await cast.strategist.client.items.get(itemId);
    return item.stage === stage ? { found: item } : { seen: `it is in ${item.stage}` };
  });
}

/** Every entry of the next handoff's checklist that a person answers for, ticked. */
export function tickedChecklist({ checklist }: Item): Record<string, true> {
  const human = checklist.filter(({ kind }) => kind === 'human');
  return Object.fromEntries(human.map(({ code }) => [code, true as const]));
}

/** The handoff that is on offer. @throws Error when there is none */
export function openHandoff({ id, handoffs }: Item): string {
  const open = handoffs.find(({ state }) => state === 'offered');
  if (!open) throw new Error(`${id} has no handoff on offer`);
  return open.id;
}

/** Enough of a hash to tell it from others. */
export function short(hash: string): string {
  return `${hash.slice(0, 12)}…`;
}
