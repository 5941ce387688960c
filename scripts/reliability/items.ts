import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { contentHashOf, hashOf } from '../../src/domain/canonical.ts';
import { derivedId } from '../../src/domain/ids.ts';
import { Brief } from '../../src/domain/item/content/brief.ts';
import { Draft } from '../../src/domain/item/content/draft.ts';
import { STANDARD_PLAYBOOK } from '../../src/domain/playbook/standard.ts';
import type { People } from './people.ts';
import { planPost } from './plan-post.ts';
import { inLanes } from './time.ts';

/** Items that are prepared at the same time. */
const LANES = 6;
/** Time that planning one item takes at most, with room for a busy machine; milliseconds. */
const PLAN_MS = 60;
const LEAD_MS = 10_000;

const root = join(import.meta.dirname, '..', '..');

const brief = Brief.parse({
  ...JSON.parse(readFileSync(join(root, 'examples', 'en', 'brief.json'), 'utf8')),
  formats: ['written'],
  channels: ['sandbox'],
});

/** Body of a handoff with everything ticked that a person ticks. */
export function ticked(name: 'brief' | 'review'): { checklist: Record<string, true> } {
  const human = STANDARD_PLAYBOOK.checklists[name].filter(({ kind }) => kind === 'human');
  return { checklist: Object.fromEntries(human.map(({ code }) => [code, true])) };
}

export function offerBrief(people: People, itemId: string): Promise<unknown> {
  return people.ask('strategist', 'POST', `/v1/items/${itemId}/handoffs`, ticked('brief'));
}

/** Items whose brief is offered to the creator. */
export async function makeOfferedItems(people: People, count: number): Promise<string[]> {
  const ids: string[] = [];
  await inLanes(LANES, count, async (index) => {
    const body = { title: `Handoff ${index}`, brief };
    const { item } = await people.ask<{ item: { id: string } }>(
      'strategist',
      'POST',
      '/v1/items',
      body,
    );
    await offerBrief(people, item.id);
    ids[index] = item.id;
  });
  return ids;
}

/** One post that is to go out; its text is its own, so that the ledger's lines can be told apart. */
export interface WantedPost {
  itemId: string;
  text: string;
  account: { id: string; name: string };
}

/** Items that are approved and taken by the social media manager, not yet planned. */
export async function makeApprovedItems(
  people: People,
  wanted: readonly Omit<WantedPost, 'itemId'>[],
  playbook = STANDARD_PLAYBOOK.name as string,
): Promise<WantedPost[]> {
  const made: WantedPost[] = [];
  await inLanes(LANES, wanted.length, async (index) => {
    const post = wanted[index];
    if (post === undefined) return;
    made[index] = { ...post, itemId: await makeApprovedItem(people, post.text, playbook) };
  });
  return made;
}

async function makeApprovedItem(people: People, text: string, playbook: string): Promise<string> {
  const draft = Draft.parse({
    language: 'en',
    title: text,
    body: `${text}, at length.`,
    variants: [{ channel: 'sandbox', text }],
  });
  const { item } = await people.ask<{ item: { id: string } }>('strategist', 'POST', '/v1/items', {
    title: text,
    playbook,
    brief,
  });
  const path = `/v1/items/${item.id}`;
  const handoff = (number: number) =>
    `${path}/handoffs/${derivedId('handoff', item.id, number)}/accept`;
  await offerBrief(people, item.id);
  await people.ask('creator', 'POST', handoff(1), {});
  await people.ask('creator', 'PUT', `${path}/draft`, draft);
  await people.ask('creator', 'POST', `${path}/handoffs`, ticked('review'));
  await people.ask('editor', 'POST', `${path}/approvals`, {
    role: 'editor',
    contentHash: contentHashOf({ briefHash: hashOf(brief), draftHash: hashOf(draft) }),
    decision: 'approve',
  });
  await people.ask('social_media_manager', 'POST', handoff(2), {});
  return item.id;
}

/**
 * Plans every item, one slot after the other over `spreadMs`, none before all are planned.
 * @returns when the last slot is due.
 */
export async function planPosts(
  people: People,
  posts: readonly WantedPost[],
  spreadMs: number,
): Promise<number> {
  const first = Date.now() + LEAD_MS + (posts.length * PLAN_MS) / 2;
  const dueAt = (index: number) => first + (index * spreadMs) / posts.length;
  await inLanes(LANES, posts.length, async (index) => {
    const post = posts[index];
    if (post === undefined) return;
    await planPost(people, post, () => Math.max(dueAt(index), Date.now() + LEAD_MS));
  });
  return dueAt(posts.length);
}
