import type { FaultLine } from '../../src/channels/sandbox/protocol.ts';
import { type LedgerLine, readFaults, readLedger } from './evidence.ts';
import type { WantedPost } from './items.ts';
import type { Outcome } from './line.ts';
import type { Site } from './site.ts';
import { within } from './time.ts';

/** A publication as the item has it. */
export type Publication = {
  id: string;
  state: string;
  slotNumber: number;
  marker: string;
  evidence?: string;
};

/** Items whose every publication is in a state from which nothing moves by itself. */
const STANDING = `select id from items where id = any($1)
  and jsonb_array_length(snapshot -> 'context' -> 'publications') > 0
  and not exists (select from jsonb_array_elements(snapshot -> 'context' -> 'publications') one
    where one ->> 'state' in ('tentative', 'planned', 'due', 'sending'))`;
const POLL_MS = 1_000;

/** What became of each wanted post: by the item, and by the network. */
export type PostFate = {
  post: WantedPost;
  publications: Publication[];
  accepted: LedgerLine[];
  faults: FaultLine[];
};

export async function readPublications(site: Site, itemId: string): Promise<Publication[]> {
  const path = `/v1/items/${itemId}`;
  const item = await site.people.ask<{ publications: Publication[] }>('strategist', 'GET', path);
  return item.publications;
}

/** Waits until every item says what became of its post, or the time is over; then asks the network. */
export async function awaitFates(
  site: Site,
  posts: readonly WantedPost[],
  { withinMs }: { withinMs: number },
): Promise<PostFate[]> {
  const ids = posts.map(({ itemId }) => itemId);
  await within(
    withinMs,
    async () =>
      (await site.database.pool.query(STANDING, [ids])).rowCount === ids.length ? true : null,
    POLL_MS,
  );
  const standing = new Map<string, Publication[]>();
  for (const itemId of ids) standing.set(itemId, await readPublications(site, itemId));
  const accepted = Map.groupBy(readLedger(site.stack), identityOf);
  const faults = Map.groupBy(readFaults(site.stack), identityOf);
  return posts.map((post) => ({
    post,
    publications: standing.get(post.itemId) ?? [],
    accepted: accepted.get(identityOf(ledgered(post))) ?? [],
    faults: faults.get(identityOf(ledgered(post))) ?? [],
  }));
}

/** Texts are numbered, accounts are of one run: no id of Baton is needed to tell the network's lines apart. */
function identityOf({ account, text }: { account: string; text: string }): string {
  return `${account}\n${text}`;
}

function ledgered({ account, text }: WantedPost): { account: string; text: string } {
  return { account: account.name, text };
}

/**
 * Judges the fates: requested = distinct(accepted) + needs confirmation + rejected, and no second post.
 * @param isUnprovable says which posts may stay open; the others may not, and those must.
 */
export async function judgeFates(
  site: Site,
  fates: readonly PostFate[],
  { isUnprovable = () => false }: { isUnprovable?: (fate: PostFate) => boolean } = {},
): Promise<Omit<Outcome, 'faults'>> {
  const outcome = { lost: 0, duplicated: 0, unresolved: 0 };
  const violations: string[] = [];
  const evidence: string[] = [];
  for (const fate of fates) {
    const { post, publications, accepted } = fate;
    const states = publications.map(({ state }) => state);
    const says = `${post.itemId} "${post.text}" is ${states.join(', ') || 'not planned'}`;
    const live = accepted.length;
    if (live > 1) {
      outcome.duplicated += live - 1;
      violations.push(`${says} and was accepted ${live} times`);
    }
    const isOpen = states.includes('unknown');
    if (isOpen) {
      outcome.unresolved += 1;
      const why = publications.map((one) => `${one.marker}: ${one.evidence ?? 'no evidence'}`);
      evidence.push(`${says}; the network has ${live}; ${why.join('; ')}`);
    }
    if (isOpen !== isUnprovable(fate)) {
      violations.push(
        `${says}, ${isOpen ? 'though it could be proven' : 'though nothing proves it'}`,
      );
    }
    const isPublished = states.includes('published');
    if (!isOpen && isPublished !== live > 0) {
      outcome.lost += 1;
      violations.push(`${says}, but the network has ${live}`);
    }
    if (!isOpen && !isPublished && live === 0) outcome.lost += 1;
  }
  if (outcome.lost > 0) violations.push(`${outcome.lost} posts are lost`);
  return {
    ...outcome,
    operations: fates.length,
    recoveryMs: await recoveriesOf(site, fates),
    violations,
    evidence,
  };
}

/** From the first fault of a post, or its due time when its sender was killed, to the instant its outcome stood. */
async function recoveriesOf(site: Site, fates: readonly PostFate[]): Promise<number[]> {
  const { rows } = await site.database.pool.query<{ item_id: string; at: Date; settled_at: Date }>(
    `select item_id, due_at as at, settled_at from publish_intents
     where item_id = any($1) and settled_at is not null
     and (attempt > 1 or evidence ? 'foundBy')`,
    [fates.map(({ post }) => post.itemId)],
  );
  const faultAt = new Map(fates.map(({ post, faults }) => [post.itemId, faults[0]?.at]));
  return rows.map(({ item_id: itemId, at, settled_at: settledAt }) => {
    const from = faultAt.get(itemId) ?? at;
    return Math.max(0, new Date(settledAt).getTime() - new Date(from).getTime());
  });
}

export function countFaults(fates: readonly PostFate[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { mode, listedAfterMs } of fates.flatMap(({ faults }) => faults)) {
    const kind = listedAfterMs === undefined ? mode : `${mode}, not listed`;
    counts[kind] = (counts[kind] ?? 0) + 1;
  }
  return counts;
}
