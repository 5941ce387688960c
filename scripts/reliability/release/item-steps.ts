import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Brief } from '../../../src/domain/item/content/brief.ts';
import { Draft } from '../../../src/domain/item/content/draft.ts';
import { STANDARD_PLAYBOOK } from '../../../src/domain/playbook/standard.ts';
import type { WantedPost } from '../items.ts';
import type { People } from '../people.ts';
import { planPost } from '../plan-post.ts';

/** Time between the plan of a post and its slot, milliseconds. */
const LEAD_MS = 10_000;
const root = join(import.meta.dirname, '..', '..', '..');

const brief = Brief.parse({
  ...JSON.parse(readFileSync(join(root, 'examples', 'en', 'brief.json'), 'utf8')),
  formats: ['written'],
  channels: ['sandbox'],
});

/** What the steps need to know of an item. */
export interface SeenItem {
  id: string;
  stage: string;
  substage: string | null;
  round: number;
  seq: number;
  gate: { contentHash: string } | null;
  handoffs: { id: string; state: string }[];
}

export function placeOf({ stage, substage }: Pick<SeenItem, 'stage' | 'substage'>): string {
  return substage === null ? stage : `${stage}.${substage}`;
}

export function seeItem(people: People, itemId: string): Promise<SeenItem> {
  return people.ask('strategist', 'GET', `/v1/items/${itemId}`);
}

/** An item with one post to come, at its beginning. */
export async function beginItem(
  people: People,
  { text, account }: Omit<WantedPost, 'itemId'>,
): Promise<WantedPost> {
  const body = { title: text, brief };
  const { item } = await people.ask<{ item: { id: string } }>(
    'strategist',
    'POST',
    '/v1/items',
    body,
  );
  return { itemId: item.id, text, account };
}

/**
 * Gives the command that the item waits for.
 * @param leadMs until the slot of its post, once it is planned
 * @returns where the item was; null where it waits for no person.
 */
export async function takeStep(
  people: People,
  post: WantedPost,
  leadMs = LEAD_MS,
): Promise<string | null> {
  const item = await seeItem(people, post.itemId);
  const path = `/v1/items/${post.itemId}`;
  const accept = `${path}/handoffs/${item.handoffs.at(-1)?.id ?? 'none'}/accept`;
  const place = placeOf(item);
  switch (place) {
    case 'briefing.drafting':
      await people.ask('strategist', 'POST', `${path}/handoffs`, ticked('brief'));
      return place;
    case 'briefing.offered':
      await people.ask('creator', 'POST', accept, {});
      return place;
    case 'creation.drafting':
    case 'creation.revising':
      await people.ask('creator', 'PUT', `${path}/draft`, draftOf(post, item.round));
      await people.ask('creator', 'POST', `${path}/handoffs`, ticked('review'));
      return place;
    case 'review.deciding':
      await decide(people, item, { decision: 'approve' });
      return place;
    case 'scheduling.offered':
      await people.ask('social_media_manager', 'POST', accept, {});
      return place;
    case 'scheduling.planning':
      await planPost(people, post, () => Date.now() + leadMs);
      return place;
    case 'on_hold':
      await people.ask('admin', 'POST', `${path}/resume`, { reason: 'it may go on again' });
      return place;
    default:
      return null;
  }
}

export async function requestChanges(people: People, itemId: string): Promise<void> {
  const item = await seeItem(people, itemId);
  await decide(people, item, { decision: 'request_changes', reason: 'quality' });
}

export function holdItem(people: People, itemId: string, reason: string): Promise<unknown> {
  return people.ask('admin', 'POST', `/v1/items/${itemId}/hold`, { reason });
}

function decide(people: People, { id, gate }: SeenItem, decision: object): Promise<unknown> {
  const body = { role: 'editor', contentHash: gate?.contentHash, ...decision };
  return people.ask('editor', 'POST', `/v1/items/${id}/approvals`, body);
}

function draftOf({ text }: WantedPost, round: number): Draft {
  return Draft.parse({
    language: 'en',
    title: text,
    body: `${text}, at length, version ${round + 1}.`,
    variants: [{ channel: 'sandbox', text }],
  });
}

function ticked(name: 'brief' | 'review'): { checklist: Record<string, true> } {
  const human = STANDARD_PLAYBOOK.checklists[name].filter(({ kind }) => kind === 'human');
  return { checklist: Object.fromEntries(human.map(({ code }) => [code, true])) };
}
