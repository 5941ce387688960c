import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { makeApprovedItems, planPosts, type WantedPost } from '../items.ts';
import { judgeFates, type Publication } from '../judge-fates.ts';
import type { Line } from '../line.ts';
import { awaitFates, readPublications } from '../post-fates.ts';
import { openSite, type SandboxAccount, type Site } from '../site.ts';
import { within } from '../time.ts';

/** Posts that are due in the same second; about half of them are with the worker that is stopped. */
const POSTS_A_ROUND = 36;
/** From the first call of a sender to the stop of its worker: others of it gather. */
const GATHER_MS = 1_000;
/** The pause is over the lease and the engine's own deadline: until people know and have acted. */
const UNKNOWN_WITHIN_MS = 150_000;
const AGAIN_WITHIN_MS = 60_000;
/** What a woken worker would send is with the network by then. */
const AWAKE_MS = 3_000;
const SLOT_IN_MS = 2_000;
const MAX_EMPTY_ROUNDS = 3;
const SETTLE_MS = 120_000;

const Call = z.object({ at: z.literal('before-publish'), pid: z.int(), subject: z.string() });

/**
 * Each pause ends as in life: nobody finds the post, a person says "publish again", that one goes out, and then
 * the first sender wakes up.
 */
export const R5: Line = {
  id: 'R5',
  title: 'sends paused (kill -STOP) right before the request, for longer than their lease',
  target: 'every post out once',
  protection: 'the deadline that a sender checks again before it writes',
  full: 50,
  small: 1,
  async run(stack, { n, control, progress }) {
    const part = control ? 'lateChannels' : 'hookedChannels';
    const site = await openSite(stack, { workerParts: [part] });
    try {
      await site.startWorker([part]);
      const account = await site.addAccount('R5', { idempotency: 'match' });
      const all: WantedPost[] = [];
      const pausedMs: number[] = [];
      let empty = 0;
      for (let round = 0; pausedMs.length < n && empty < MAX_EMPTY_ROUNDS; round += 1) {
        const size = Math.min(POSTS_A_ROUND, 2 * (n - pausedMs.length) + 4);
        const posts = await makeRound(site, account, { round, size });
        all.push(...posts);
        const paused = await pauseRound(site, posts);
        empty = paused.length === 0 ? empty + 1 : 0;
        pausedMs.push(...paused);
        progress(`${pausedMs.length} sends were paused`);
      }
      const fates = await awaitFates(site, all, { withinMs: SETTLE_MS });
      const judged = judgeFates(fates);
      if (pausedMs.length < n) judged.violations.push(`only ${pausedMs.length} sends were paused`);
      return { ...judged, faults: { 'kill -STOP': pausedMs.length }, recoveryMs: pausedMs };
    } finally {
      await site.close();
    }
  },
};

async function makeRound(
  site: Site,
  account: SandboxAccount,
  { round, size }: { round: number; size: number },
): Promise<WantedPost[]> {
  const wanted = Array.from({ length: size }, (_, index) => ({
    text: `${account.name}: round ${round}, post ${index}`,
    account,
  }));
  const posts = await makeApprovedItems(site.people, wanted);
  await planPosts(site.people, posts, 0);
  return posts;
}

/** @returns from the stop of each paused send to the instant its replacement was out, milliseconds. */
async function pauseRound(site: Site, posts: readonly WantedPost[]): Promise<number[]> {
  const pid = await stopSender(site, posts);
  if (pid === null) return [];
  const begun = performance.now();
  try {
    const times: number[] = [];
    await Promise.all(
      posts.map(async (post) => {
        // A send may be stopped before it calls: what nobody saw end is paused, called or not.
        if (await publishAgainIfUnknown(site, post)) times.push(performance.now() - begun);
      }),
    );
    return times;
  } finally {
    process.kill(pid, 'SIGCONT');
    await delay(AWAKE_MS);
  }
}

/**
 * Stops the first worker that is about to send, with every send of it that gathers in that moment.
 * @returns its pid, null when no worker began to send.
 */
async function stopSender({ harness }: Site, posts: readonly WantedPost[]): Promise<number | null> {
  const mine = new Set(posts.map(({ text }) => text));
  let victim: number | null = null;
  const stopped = Promise.withResolvers<void>();
  let isStopped = false;
  harness.onCall(async (body) => {
    const { pid, subject } = Call.parse(body);
    if (isStopped || !mine.has(subject)) return;
    if (victim === null) {
      victim = pid;
      setTimeout(() => {
        process.kill(pid, 'SIGSTOP');
        isStopped = true;
        stopped.resolve();
      }, GATHER_MS);
    }
    if (pid !== victim) return;
    // Answered while the worker cannot read it: it goes on from here when it wakes.
    await stopped.promise;
  });
  await within(UNKNOWN_WITHIN_MS, async () => (isStopped ? true : null));
  return victim;
}

/**
 * A person finds the outcome open, sees no post, and publishes again.
 * @returns false when the post went out: the other worker had it.
 */
async function publishAgainIfUnknown(site: Site, { itemId, text }: WantedPost): Promise<boolean> {
  const open = await publicationIn(site, itemId, ['unknown', 'published'], UNKNOWN_WITHIN_MS);
  if (open === null) throw new Error(`"${text}" neither went out nor became unknown in time`);
  if (open.state === 'published') return false;
  const path = `/v1/items/${itemId}/publications/${open.id}/resolve`;
  await site.people.ask('social_media_manager', 'POST', path, {
    outcome: 'publish_again',
    evidence: 'It is not on the account.',
    at: new Date(Date.now() + SLOT_IN_MS).toISOString(),
  });
  await publicationIn(site, itemId, ['published'], AGAIN_WITHIN_MS);
  return true;
}

function publicationIn(
  site: Site,
  itemId: string,
  states: readonly string[],
  withinMs: number,
): Promise<Publication | null> {
  return within(withinMs, async () => {
    const publications = await readPublications(site, itemId);
    return publications.find((one) => states.includes(one.state)) ?? null;
  });
}
