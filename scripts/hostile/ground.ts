import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { createDb } from '../../src/db/client.ts';
import { Draft } from '../../src/domain/item/content/draft.ts';
import type { Role } from '../../src/domain/people/roles.ts';
import { waitUntilReady } from '../local/bound-process.ts';
import { makeFirstWorkspace, type WorkspaceKeys } from '../local/first-workspace.ts';
import type { TemporaryStack } from '../local/temporary-stack.ts';
import { makeOfferedItems } from '../reliability/items.ts';
import { createPeople, type People } from '../reliability/people.ts';

/** A stack with somebody to attack: an item in creation, a feed, an endpoint, and a second workspace. */
export interface Ground {
  url: string;
  watchFile: string;
  people: People;
  itemId: string;
  /** Address of a feed of 5,000 entries. */
  feedPath: string;
  endpoint: { url: string; secret: string };
  keyOf(role: Role): string;
  /** Keys that nobody has used. */
  freshKeys: string[];
  /** Of a member of another workspace. */
  foreignKey: string;
  /** The people there. */
  strangers: People;
}

const FEED_ENTRIES = 5_000;

export async function prepareGround(stack: TemporaryStack): Promise<Ground> {
  const watchFile = join(stack.directory, 'event-loop.jsonl');
  const watch = pathToFileURL(join(import.meta.dirname, 'watch-loop.ts')).href;
  const environment = {
    BATON_WORKFLOW_BUNDLE: stack.workflowBundle,
    BATON_WATCH_FILE: watchFile,
    NODE_OPTIONS: `--import ${watch}`,
    // As a person configures it: the limits are part of the defence.
    RATE_LIMIT_PER_SECOND: '100',
  };
  const worker = await stack.start({
    name: 'Worker',
    script: 'worker.ts',
    environment: { BATON_WORKFLOW_BUNDLE: stack.workflowBundle },
  });
  await waitUntilReady(worker, 'Worker', async () =>
    worker.tail().includes('worker polls') ? true : undefined,
  );
  const { url } = await stack.startApi({ environment });
  const own = stack.credentials;
  const people = createPeople(own, [url]);
  const itemId = await itemInCreation(people);
  const feed = await people.ask<{ url: string }>('strategist', 'POST', '/v1/calendar/feeds', {});
  const { pathname, search } = new URL(feed.url, url);
  const endpoint = await people.ask<Ground['endpoint']>('admin', 'POST', '/v1/webhook-endpoints', {
    memberId: people.idOf('editor'),
    decisions: ['decide_approval'],
  });
  const freshKeys: string[] = [];
  for (let count = 0; count < 5; count += 1) {
    const body = { memberId: people.idOf('editor'), name: `fresh ${count}` };
    freshKeys.push((await people.ask<{ key: string }>('admin', 'POST', '/v1/api-keys', body)).key);
  }
  await fillFeed(stack, itemId);
  const other = await makeFirstWorkspace(stack.databaseUrl);
  const keyIn = ({ members }: WorkspaceKeys, role: Role): string =>
    members.find((member) => member.role === role)?.key ?? '';
  return {
    url,
    watchFile,
    people,
    itemId,
    feedPath: pathname + search,
    endpoint,
    freshKeys,
    keyOf: (role) => keyIn(own, role),
    foreignKey: keyIn(other, 'strategist'),
    strangers: createPeople(other, [url]),
  };
}

/** An item whose creator writes, with a long draft. */
export async function itemInCreation(people: People): Promise<string> {
  const [itemId = ''] = await makeOfferedItems(people, 1);
  const { handoffs } = await people.ask<{ handoffs: { id: string }[] }>(
    'creator',
    'GET',
    `/v1/items/${itemId}`,
  );
  await people.ask('creator', 'POST', `/v1/items/${itemId}/handoffs/${handoffs[0]?.id}/accept`, {});
  await people.ask('creator', 'PUT', `/v1/items/${itemId}/draft`, draftOf('word '.repeat(30_000)));
  return itemId;
}

export function draftOf(text: string): Draft {
  return Draft.parse({
    language: 'en',
    title: randomUUID(),
    body: text,
    variants: [{ channel: 'sandbox', text: text.slice(0, 60_000) || 'none' }],
  });
}

async function fillFeed(stack: TemporaryStack, itemId: string): Promise<void> {
  const database = createDb(stack.databaseUrl, { max: 1, applicationName: 'baton-hostile' });
  try {
    await database.db.$client.query(
      `insert into publications (id, workspace_id, item_id, channel_account_id, channel,
         slot_number, state, at, local, zone, changed_seq)
       select 'pub_hostile_' || n, i.workspace_id, i.id, 'cha_none', 'sandbox', n, 'planned',
         now() + n * interval '1 minute', '2030-01-01T00:00', 'Europe/Paris', 1
       from items i, generate_series(1, $2) n where i.id = $1`,
      [itemId, FEED_ENTRIES],
    );
  } finally {
    await database.close();
  }
}
