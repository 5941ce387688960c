import { spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { type LocalStack, startLocalStack } from '../../scripts/local/stack.ts';
import { makeApprovedItems, makeOfferedItems } from '../../scripts/reliability/items.ts';
import { createPeople, type People } from '../../scripts/reliability/people.ts';
import type { Finding } from '../../src/domain/audit/finding.ts';
import type { AuditRepair, FindingCode } from '../../src/domain/audit/finding-catalogue.ts';
import { derivedId } from '../../src/domain/ids.ts';
import { type ItemEvent, verifyChain } from '../../src/domain/item/event.ts';
import { eventually } from '../support/eventually.ts';
import { createStateDirectory } from '../support/stack-local.ts';

/** Long enough to copy a store and start everything again before the posts are due. */
const SLOT_IN_MS = 45_000;
const PATIENCE = { withinMs: 180_000 };

/** A whole stack whose stores can be put back while it is stopped. */
interface Drill {
  people: People;
  url: string;
  keyOf(role: string): string;
  /** The posts that the network took, by their text. */
  posts(): string[];
  /** Stops everything, works on the files of the stores, and starts it again. */
  whileStopped(work: (stateDir: string) => void): Promise<void>;
}

async function openDrill(): Promise<Drill> {
  const state = createStateDirectory();
  const { DATABASE_URL: _, TEMPORAL_ADDRESS: __, ...environment } = process.env;
  const start = () =>
    startLocalStack({
      stateDir: state.path,
      ports: 'any',
      temporalUi: false,
      quiet: true,
      environment,
    });
  let stack: LocalStack = await start();
  onTestFinished(async () => {
    await stack.stop();
    state.remove();
  });
  const drill: Drill = {
    people: createPeople(stack.credentials, [stack.apiUrl]),
    url: stack.apiUrl,
    keyOf: (role) => stack.credentials.members.find((one) => one.role === role)?.key ?? '',
    posts() {
      const ledger = join(state.path, 'sandbox', 'ledger.jsonl');
      if (!existsSync(ledger)) return [];
      const lines = readFileSync(ledger, 'utf8').split('\n').filter(Boolean);
      return lines.map((line) => String(JSON.parse(line).text));
    },
    async whileStopped(work) {
      await stack.stop();
      work(state.path);
      stack = await start();
      await stack.untilReady();
      drill.people = createPeople(stack.credentials, [stack.apiUrl]);
      drill.url = stack.apiUrl;
    },
  };
  return drill;
}

/** With owners and modes: PostgreSQL does not start on files of somebody else. */
function copy(from: string, to: string): void {
  rmSync(to, { recursive: true, force: true });
  const { status, stderr } = spawnSync('cp', ['-a', from, to], { encoding: 'utf8' });
  if (status !== 0) throw new Error(stderr);
}

const backUp = (store: 'temporal' | 'postgres') => (stateDir: string) =>
  copy(join(stateDir, store), join(stateDir, `${store}-backup`));
const putBack = (store: 'temporal' | 'postgres') => (stateDir: string) =>
  copy(join(stateDir, `${store}-backup`), join(stateDir, store));

interface Cast {
  /** Offered briefs. */
  offered: string[];
  /** Items with a post that is planned. */
  posts: { itemId: string; text: string }[];
}

/** Items as they are when the backup is made. */
async function prepare({ people }: Drill): Promise<Cast> {
  const offered = await makeOfferedItems(people, 3);
  const { items } = await people.ask<{ items: { id: string; name: string; channel: string }[] }>(
    'admin',
    'GET',
    '/v1/channel-accounts',
  );
  const account = items.find(({ channel }) => channel === 'sandbox');
  if (account === undefined) throw new Error('no sandbox account');
  const wanted = [1, 2].map((number) => ({ text: `post ${number} ${randomUUID()}`, account }));
  const posts = await makeApprovedItems(people, wanted);
  const at = new Date(Date.now() + SLOT_IN_MS).toISOString();
  for (const { itemId } of posts) {
    await people.ask('social_media_manager', 'PUT', `/v1/items/${itemId}/schedule`, {
      publications: [{ channelAccountId: account.id, at }],
    });
  }
  return { offered, posts };
}

/** What happens after the backup: the handoff is accepted, an item is held, one starts, the posts go out. */
async function goOn(drill: Drill, { offered, posts }: Cast, holdKey: string): Promise<string> {
  const { people } = drill;
  const [accepted = '', held = ''] = offered;
  await accept(drill, accepted);
  expect(await send(drill, held, holdKey)).toMatchObject({ status: 200 });
  const [started = ''] = await makeOfferedItems(people, 1);
  for (const { itemId } of posts) {
    await eventually(async () => (await stageOf(drill, itemId)) === 'measuring', {
      what: `${itemId} is published`,
      ...PATIENCE,
    });
  }
  return started;
}

function accept({ people }: Drill, itemId: string): Promise<unknown> {
  const handoff = derivedId('handoff', itemId, 1);
  return people.ask('creator', 'POST', `/v1/items/${itemId}/handoffs/${handoff}/accept`, {});
}

async function stageOf({ people }: Drill, itemId: string): Promise<string> {
  const path = `/v1/items/${itemId}`;
  return (await people.ask<{ stage: string }>('strategist', 'GET', path)).stage;
}

/** A hold under a key, once. */
async function send({ url, keyOf }: Drill, itemId: string, key: string) {
  const response = await fetch(`${url}/v1/items/${itemId}/hold`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${keyOf('admin')}`,
      'content-type': 'application/json',
      'idempotency-key': key,
    },
    body: JSON.stringify({ reason: 'an embargo' }),
  });
  return { status: response.status, json: await response.json() };
}

/** About rows and runs that do not agree. */
const APART: readonly FindingCode[] = [
  'row_without_run',
  'run_without_row',
  'run_ahead_of_row',
  'row_ahead_of_run',
  'row_diverged',
  'event_gap',
];

/** What the audit lists of rows and runs; everything could be asked. */
async function listed({ people }: Drill): Promise<Finding[]> {
  const { items, couldNotAsk } = await eventually(
    async () => {
      const page = await people.ask<{ items: Finding[]; couldNotAsk: unknown[] }>(
        'admin',
        'GET',
        '/v1/audit/stuck?limit=200',
      );
      return page.couldNotAsk.length === 0 && page;
    },
    { what: 'an audit that could ask everything', ...PATIENCE },
  );
  expect(couldNotAsk).toEqual([]);
  return items.filter(({ code }) => APART.includes(code));
}

const itemOf = ({ itemId, evidence }: Finding) =>
  itemId ?? String(evidence['workflowId']).replace(/^item:/, '');

/** The audit names each of these items. */
async function expectListed(drill: Drill, itemIds: readonly string[]): Promise<void> {
  await eventually(
    async () => {
      const found = new Set((await listed(drill)).map(itemOf));
      return itemIds.every((itemId) => found.has(itemId));
    },
    { what: `findings of ${itemIds.join(', ')}`, ...PATIENCE },
  );
}

/** Repairs everything that a repair is offered for, until nothing is listed any more. */
async function repairAll(drill: Drill, repair: AuditRepair): Promise<string[]> {
  const changes: string[] = [];
  await eventually(
    async () => {
      const page = await drill.people.ask<{ results: { outcome: string; changes: string[] }[] }>(
        'admin',
        'POST',
        '/v1/audit/repairs',
        { filter: {}, repair, reason: 'a store was put back' },
      );
      changes.push(...page.results.flatMap((result) => result.changes));
      return page.results.length === 0 && (await listed(drill)).length === 0;
    },
    { what: `nothing is left for ${repair}`, ...PATIENCE },
  );
  return changes;
}

/** Every item has a whole chain, every post is out once, and everybody can go on. */
async function expectWell(drill: Drill, { offered, posts }: Cast, started: string): Promise<void> {
  const { people } = drill;
  const items = [...offered, ...posts.map(({ itemId }) => itemId), started];
  for (const itemId of items) {
    const path = `/v1/items/${itemId}/timeline?limit=200`;
    const { items: entries } = await people.ask<{ items: (ItemEvent & { kind: string })[] }>(
      'strategist',
      'GET',
      path,
    );
    const chain = entries.filter(({ kind }) => kind === 'event');
    expect(verifyChain(chain), itemId).toBeNull();
  }
  for (const { itemId, text } of posts) {
    expect(
      drill.posts().filter((one) => one === text),
      text,
    ).toHaveLength(1);
    expect(await stageOf(drill, itemId)).toBe('measuring');
  }
  expect(await stageOf(drill, offered[0] ?? '')).toBe('creation');
  expect(await stageOf(drill, offered[1] ?? '')).toBe('on_hold');
  await accept(drill, started);
  expect(await stageOf(drill, started)).toBe('creation');
  expect((await listed(drill)).map(({ message }) => message)).toEqual([]);
}

/** A command that was answered is answered alike again, and one that waited has its verdict. */
async function expectAnswered(drill: Drill, itemId: string, key: string): Promise<void> {
  await eventually(async () => (await send(drill, itemId, key)).status === 200, {
    what: `the answer to ${key}`,
    ...PATIENCE,
  });
}

describe('a store that is put back to an older state', () => {
  it('the engine: what it forgot is listed, and goes on from the rows', async () => {
    const drill = await openDrill();
    const cast = await prepare(drill);
    await drill.whileStopped(backUp('temporal'));
    const holdKey = randomUUID();
    const started = await goOn(drill, cast, holdKey);
    await drill.whileStopped(putBack('temporal'));
    const [accepted = '', held = '', untouched = ''] = cast.offered;
    // The old runs go on from where they were: nobody hears a refusal from them.
    const waiting = randomUUID();
    expect((await send(drill, accepted, waiting)).status).toBe(202);
    await expectListed(drill, [accepted, held, started, ...cast.posts.map((one) => one.itemId)]);
    const found = (await listed(drill)).map(itemOf);
    expect(found).not.toContain(untouched);
    await repairAll(drill, 'replace_run');
    await expectAnswered(drill, accepted, waiting);
    await drill.people.ask('admin', 'POST', `/v1/items/${accepted}/resume`, {
      reason: 'over',
    });
    await expectAnswered(drill, held, holdKey);
    await expectWell(drill, cast, started);
  });

  it('the database: what it forgot is listed, and comes back from the runs', async () => {
    const drill = await openDrill();
    const cast = await prepare(drill);
    await drill.whileStopped(backUp('postgres'));
    const holdKey = randomUUID();
    const started = await goOn(drill, cast, holdKey);
    await drill.whileStopped(putBack('postgres'));
    const [accepted = '', held = '', untouched = ''] = cast.offered;
    await expectListed(drill, [accepted, held, started, ...cast.posts.map((one) => one.itemId)]);
    const found = (await listed(drill)).map(itemOf);
    expect(found).not.toContain(untouched);
    const changes = await repairAll(drill, 'rebuild_row');
    expect(changes.join('\n')).toMatch(/lost: the text of brief 1/);
    await expectAnswered(drill, held, holdKey);
    await expectWell(drill, cast, started);
  });

  it('the namespace: every open item gets a run again', async () => {
    const drill = await openDrill();
    const cast = await prepare(drill);
    const holdKey = randomUUID();
    const started = await goOn(drill, cast, holdKey);
    await drill.whileStopped((stateDir) => {
      rmSync(join(stateDir, 'temporal'), { recursive: true, force: true });
    });
    const items = [...cast.offered, ...cast.posts.map(({ itemId }) => itemId), started];
    await expectListed(drill, items);
    await repairAll(drill, 'replace_run');
    await expectAnswered(drill, cast.offered[1] ?? '', holdKey);
    await expectWell(drill, cast, started);
  });
});
