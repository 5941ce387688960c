import { orderHook } from '../evidence.ts';
import type { WantedPost } from '../items.ts';
import type { People } from '../people.ts';
import { shuffled } from '../random.ts';
import type { Site } from '../site.ts';
import { inLanes } from '../time.ts';
import { beginItem, holdItem, placeOf, requestChanges, seeItem, takeStep } from './item-steps.ts';

const LANES = 6;
/** How long a post's network keeps its answer back: longer than the release takes to begin. */
const HELD_ANSWER_MS = 25_000;
/** Too short for the next release's guard. */
const SHORT_REASON = 'the news';
/** Steps of an item from its brief to its plan, at most, with one more round. */
export const WAY = 8;

/** Where items are when the next release comes. */
export const STAGES = [
  'briefing.drafting',
  'briefing.offered',
  'creation.drafting',
  'sent back',
  'review.deciding',
  'scheduling.offered',
  'scheduling.planning',
  'scheduled',
  'in flight',
  'on_hold',
  'measuring',
] as const;
type Start = (typeof STAGES)[number];

export interface Ground {
  site: Site;
  people: People;
  /** The APIs that people ask, one after the other; changed by a release. */
  urls: string[];
  posts: WantedPost[];
}

/** Items in all stages, whose posts fall due before, between and after the releases. */
export async function prepare(
  ground: Ground,
  { n, seed, random }: { n: number; seed: number; random: () => number },
): Promise<void> {
  const { site, people, posts } = ground;
  const account = await site.addAccount('R25');
  const slow = await site.addAccount('R25 slow');
  const release = new Promise<void>((resolve) => setTimeout(resolve, HELD_ANSWER_MS * 4).unref());
  site.harness.onCall(() => release);
  await orderHook(site.stack, {
    at: 'after-accept',
    url: site.harness.url,
    account: slow.name,
    times: 1_000,
    timeoutMs: HELD_ANSWER_MS,
  });
  const starts = shuffled(
    Array.from({ length: n }, (_, index) => STAGES[index % STAGES.length] ?? 'measuring'),
    random,
  );
  // Those that are to be in flight come last.
  starts.sort((a, b) => Number(a === 'in flight') - Number(b === 'in flight'));
  await inLanes(LANES, n, async (index) => {
    const start = starts[index] ?? 'measuring';
    const text = `R25 ${seed}: post ${index}`;
    const post = await beginItem(people, {
      text,
      account: start === 'in flight' ? slow : account,
    });
    posts.push(post);
    await bring(people, post, start, random);
  });
}

async function bring(
  people: People,
  post: WantedPost,
  start: Start,
  random: () => number,
): Promise<void> {
  const leadMs = start === 'scheduled' ? 30_000 + random() * 60_000 : 6_000;
  const isSent = start === 'scheduled' || start === 'in flight' || start === 'measuring';
  const stop =
    start === 'sent back' ? 'review.deciding' : start === 'on_hold' ? 'creation.drafting' : start;
  for (let step = 0; step < WAY; step += 1) {
    if (!isSent && placeOf(await seeItem(people, post.itemId)) === stop) break;
    if ((await takeStep(people, post, leadMs)) === 'scheduling.planning') break;
  }
  if (start === 'sent back') await requestChanges(people, post.itemId);
  if (start === 'on_hold') await holdItem(people, post.itemId, SHORT_REASON);
}

/** People take so many steps with every item; `random` leaves some alone, and `spared` all in a place. */
export async function work(
  { people, posts }: Ground,
  {
    steps,
    random,
    spared,
    problems,
  }: { steps: number; random: () => number; spared: string | null; problems: string[] },
): Promise<void> {
  const mine = [...posts];
  await inLanes(LANES, mine.length, async (index) => {
    const post = mine[index];
    if (post === undefined || random() > 0.6) return;
    try {
      for (let step = 0; step < steps; step += 1) {
        if (placeOf(await seeItem(people, post.itemId)) === spared) return;
        if ((await takeStep(people, post)) === null) return;
      }
    } catch (error) {
      problems.push(`${post.itemId}: ${error instanceof Error ? error.message : error}`);
    }
  });
}

export async function addItems(
  { people, posts, site }: Ground,
  n: number,
  when: string,
): Promise<void> {
  const account = await site.addAccount(`R25 ${when}`);
  await inLanes(2, Math.ceil(n / 10), async (index) => {
    const text = `R25 ${when}: post ${index}`;
    const post = await beginItem(people, { text, account });
    posts.push(post);
    for (let step = 0; step < WAY; step += 1) {
      if ((await takeStep(people, post)) === null) return;
    }
  });
}
