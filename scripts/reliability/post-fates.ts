import { readFaults, readLedger } from './evidence.ts';
import type { WantedPost } from './items.ts';
import type { PostFate, Publication } from './judge-fates.ts';
import type { Site } from './site.ts';
import { within } from './time.ts';

/** Items whose every publication is in a state from which nothing moves by itself. */
const STANDING = `select id from items where id = any($1)
  and jsonb_array_length(snapshot -> 'context' -> 'publications') > 0
  and not exists (select from jsonb_array_elements(snapshot -> 'context' -> 'publications') one
    where one ->> 'state' in ('tentative', 'planned', 'due', 'sending'))`;
const POLL_MS = 1_000;

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

/** From the first fault of a post, or its due time when its sender was killed, to the instant its outcome stood. */
export async function recoveriesOf(site: Site, fates: readonly PostFate[]): Promise<number[]> {
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
