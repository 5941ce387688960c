import { setTimeout as delay } from 'node:timers/promises';
import type { Finding } from '../../../src/domain/audit/finding.ts';
import type { FindingCode } from '../../../src/domain/audit/finding-catalogue.ts';
import type { TemporaryStack } from '../../local/temporary-stack.ts';
import { makeApprovedItems, makeOfferedItems, planPosts, type WantedPost } from '../items.ts';
import { judgeFates } from '../judge-fates.ts';
import type { Outcome, RunOptions } from '../line.ts';
import { planPost } from '../plan-post.ts';
import { awaitFates } from '../post-fates.ts';
import { openSite, type Site } from '../site.ts';
import { within } from '../time.ts';
import { backUp, type PutBack, type Store } from './backups.ts';

/** Seconds of traffic for each post. */
const SECONDS_A_POST = 5;
const LEAST_POSTS = 2;
const NEW_ITEM_EVERY_MS = 5_000;
const BEFORE_MS = 4_000;
/** From the plan of the posts that the backup must not know to the first of them. */
const LEAD_MS = 40_000;
const AFTER_MS = 5_000;
/** From the last post of the traffic to the first after the restore. */
const RESTORED_WITHIN_MS = 45_000;
const REPAIR_MS = 180_000;
const SETTLE_MS = 300_000;

/** About rows and runs that do not agree. */
const APART: ReadonlySet<FindingCode> = new Set<FindingCode>([
  'row_without_run',
  'run_without_row',
  'run_ahead_of_row',
  'row_ahead_of_run',
  'row_diverged',
  'event_gap',
]);

type Part = Omit<Outcome, 'recoveryMs'>;

interface RepairResult {
  findingId: string;
  outcome: string;
  error?: string;
}

/**
 * Posts go out before, while and after stores are backed up; everything ends at once; the stores are put
 * back, and an operator repairs what the audit finds.
 */
export async function restoreDrill(
  stack: TemporaryStack,
  stores: readonly Store[],
  { seconds, seed, control, progress }: Omit<RunOptions, 'n'> & { seconds: number },
): Promise<Part> {
  const name = stores.join(' and ');
  const options = {
    workerParts: control ? (['blindChannels'] as const) : [],
    // The runs wait for workers of their queue.
    environment: { TASK_QUEUE: `restore-${stores.join('-')}-${seed}` },
  };
  const site = await openSite(stack, options);
  const { posts, begun, early, putBacks } = await backUpAndGoOn(site, stores, {
    name,
    seed,
    seconds,
    progress,
  }).finally(() => site.close());
  for (const store of stores) await stack.servers[store].stop();
  for (const putBack of putBacks) putBack();
  for (const store of stores) await stack.servers[store].startAgain();
  progress(`${name}: put back`);
  const again = await openSite(stack, options);
  try {
    const left = await repairAll(again);
    const late = judgeFates(await awaitFates(again, posts, { withinMs: SETTLE_MS }));
    const gone = stores.length > 1 ? [] : await missingOf(again, begun);
    return {
      ...late,
      faults: { [`${name} put back`]: 1 },
      lost: early.lost + late.lost + gone.length,
      unresolved: late.unresolved + left.length,
      violations: [...early.violations, ...late.violations, ...left, ...gone].map(
        (text) => `${name}: ${text}`,
      ),
    };
  } finally {
    await again.close();
  }
}

/** Everything up to the instant at which all ends. */
async function backUpAndGoOn(
  site: Site,
  stores: readonly Store[],
  {
    name,
    seed,
    seconds,
    progress,
  }: { name: string; seconds: number } & Pick<RunOptions, 'seed' | 'progress'>,
) {
  // What both stores forgot only the network knows: it has to honour the key.
  const account = await site.addAccount(name, stores.length > 1 ? {} : { idempotency: 'match' });
  const count = Math.max(LEAST_POSTS, Math.round(seconds / SECONDS_A_POST));
  const posts: WantedPost[] = [];
  const putBacks: PutBack[] = [];
  for (let leadMs = LEAD_MS; ; leadMs *= 2) {
    const wanted = Array.from({ length: 3 * count }, (_, index) => ({
      text: `R24 ${seed}, ${name}: post ${posts.length + index}`,
      account,
    }));
    const made = await makeApprovedItems(site.people, wanted);
    posts.push(...made);
    const from = Date.now() + leadMs;
    const until = from + seconds * 1_000;
    await planFrom(site, made.slice(count, 2 * count), from, seconds * 1_000);
    await planFrom(site, made.slice(2 * count), until + RESTORED_WITHIN_MS, AFTER_MS);
    const soon = await planPosts(site.people, made.slice(0, count), BEFORE_MS);
    await delay(Math.max(0, soon - BEFORE_MS / 2 - Date.now()));
    for (const store of stores) putBacks.push(await backUp(site.stack, store));
    // Where the backup took longer, it has the posts that it must not have: once more, with more time.
    if (Date.now() < from) {
      progress(`${name}: backed up, ${count} posts are due until the restore`);
      const begun = await goOn(site, until);
      const fates = await awaitFates(site, made.slice(0, 2 * count), { withinMs: SETTLE_MS });
      return { posts, begun, early: judgeFates(fates), putBacks: putBacks.slice(-stores.length) };
    }
  }
}

async function planFrom(
  { people }: Site,
  posts: readonly WantedPost[],
  from: number,
  spreadMs: number,
): Promise<void> {
  for (const [index, post] of posts.entries()) {
    const slot = from + (index * spreadMs) / posts.length;
    // A slot that is put off shows that the time was too short: the caller begins anew.
    await planPost(people, post, () => Math.max(slot, Date.now() + BEFORE_MS));
  }
}

/** What people do until the restore, beside the posts. */
async function goOn({ people }: Site, until: number): Promise<string[]> {
  const begun: string[] = [];
  do {
    begun.push(...(await makeOfferedItems(people, 1)));
    await delay(Math.min(NEW_ITEM_EVERY_MS, Math.max(0, until - Date.now())));
  } while (Date.now() < until);
  return begun;
}

/** As an operator: repairs what may be repaired, until nothing is left. @returns what is */
async function repairAll({ people }: Site): Promise<string[]> {
  let left: string[] = ['the audit was not asked'];
  /** What became of the last repair of a finding. */
  const repaired = new Map<string, string>();
  await within(REPAIR_MS, async () => {
    for (const repair of ['rebuild_row', 'replace_run']) {
      const body = { filter: {}, repair, reason: 'a store was put back' };
      const { results } = await people.ask<{ results: RepairResult[] }>(
        'admin',
        'POST',
        '/v1/audit/repairs',
        body,
      );
      for (const { findingId, outcome, error = '' } of results) {
        repaired.set(findingId, `${repair}: ${outcome} ${error}`.trim());
      }
    }
    const page = await people.ask<{ items: Finding[]; couldNotAsk: { what: string }[] }>(
      'admin',
      'GET',
      '/v1/audit/stuck?limit=200',
    );
    left = [
      ...page.items
        .filter(({ code }) => APART.has(code))
        .map(({ id, message }) => `${message} (${repaired.get(id) ?? 'no repair began'})`),
      ...page.couldNotAsk.map(({ what }) => `could not be asked: ${what}`),
    ];
    return left.length === 0 ? true : null;
  });
  return left;
}

/** Items that one of the stores knew all the time. */
async function missingOf({ people }: Site, itemIds: readonly string[]): Promise<string[]> {
  const missing: string[] = [];
  for (const itemId of itemIds) {
    const item = await people
      .ask<{ substage: string | null }>('strategist', 'GET', `/v1/items/${itemId}`)
      .catch(() => null);
    if (item?.substage !== 'offered') missing.push(`${itemId} is ${item?.substage ?? 'gone'}`);
  }
  return missing;
}
