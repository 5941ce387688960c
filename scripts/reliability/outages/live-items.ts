import { setTimeout as delay } from 'node:timers/promises';
import type { WantedPost } from '../items.ts';
import type { People } from '../people.ts';
import { beginItem, placeOf, takeStep } from '../release/item-steps.ts';
import { inLanes } from '../time.ts';

/** Items that are under way at the same time. */
const LANES = 8;
/** From the plan of a post to its slot. */
const LEAD_MS = 3_000;
const LOOK_EVERY_MS = 200;
/** Past every checkpoint of the standard playbook. */
const LATER = 'P29D';

/** Who moves the items: those who repeat until a verdict, and those who believe a 202. */
export interface Crew {
  patient: People;
  people: People;
}

/** An item on its way, and what went wrong with it last. */
export interface Life {
  post: WantedPost;
  isClosed: boolean;
  problem: string | null;
}

interface ReviewedItem {
  stage: string;
  substage: string | null;
  review: { hash: string | null } | null;
  waitingOn: { role: 'strategist' | 'creator' | 'social_media_manager' }[];
}

/**
 * Takes each item from its start to its last sign-off: people look where it stands, and do what is next.
 * Whoever is refused looks again.
 * @param isOver ends the lives that are not closed by then
 */
export async function liveItems(
  crew: Crew,
  wanted: readonly Omit<WantedPost, 'itemId'>[],
  { isOver, onClosed }: { isOver: () => boolean; onClosed: (count: number) => void },
): Promise<Life[]> {
  const lives: Life[] = [];
  let closed = 0;
  await inLanes(LANES, wanted.length, async (index) => {
    const one = wanted[index];
    if (one === undefined || isOver()) return;
    const life: Life = { post: { ...one, itemId: '' }, isClosed: false, problem: null };
    lives.push(life);
    await live(crew, life, isOver);
    if (life.isClosed) onClosed(++closed);
  });
  return lives;
}

async function live({ patient, people }: Crew, life: Life, isOver: () => boolean): Promise<void> {
  const done = new Set<string>();
  while (!life.isClosed && !isOver()) {
    try {
      if (life.post.itemId === '') life.post = await beginItem(patient, life.post);
      await goOn({ patient, people }, life, done);
    } catch (error) {
      life.problem = error instanceof Error ? error.message : String(error);
      await delay(LOOK_EVERY_MS);
    }
  }
}

async function goOn({ patient, people }: Crew, life: Life, done: Set<string>): Promise<void> {
  const { itemId } = life.post;
  const item = await people.ask<ReviewedItem>('strategist', 'GET', `/v1/items/${itemId}`);
  const place = placeOf(item);
  if (place === 'closed') {
    life.isClosed = true;
  } else if (place === 'briefing.drafting' && !done.has('extend')) {
    // Unlike most commands it would be applied again.
    done.add('extend');
    await people.ask('strategist', 'POST', `/v1/items/${itemId}/extend`, {
      reason: 'the news is not settled yet',
    });
  } else if (place === 'measuring') {
    await patient.ask('strategist', 'POST', '/v1/local/time-travel', { itemId, by: LATER });
  } else if (place === 'kpi_review' && item.review?.hash) {
    await signOff(people, itemId, item);
  } else if ((await takeStep(people, life.post, LEAD_MS)) === null) {
    await delay(LOOK_EVERY_MS);
  }
}

async function signOff(people: People, itemId: string, item: ReviewedItem): Promise<void> {
  const role = item.waitingOn[0]?.role ?? 'strategist';
  await people.ask(role, 'POST', `/v1/items/${itemId}/kpi-review/sign-offs`, {
    role,
    decision: role === 'strategist' ? 'scale' : 'agree',
    // Whatever is recommended.
    comment: 'it goes on',
    reviewHash: item.review?.hash,
  });
}
