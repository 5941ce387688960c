import { randomBytes, randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import type { FaultMode } from '../../../src/channels/sandbox/protocol.ts';
import { readArchivedHistories } from '../../../src/db/audit/archived-histories.ts';
import { itemWorkflowId } from '../../../src/domain/ids.ts';
import { orderFault } from '../evidence.ts';
import { makeApprovedItems, planPosts } from '../items.ts';
import { countFaults, type PostFate } from '../judge-fates.ts';
import type { Line } from '../line.ts';
import type { People } from '../people.ts';
import { awaitFates } from '../post-fates.ts';
import { openSite, type Site } from '../site.ts';
import { inLanes, within } from '../time.ts';

/** What networks answer that becomes a failure, an evidence or an open outcome. */
const MODES: FaultMode[] = ['say_rejected', 'reject', 'accept_then_500', 'accept_then_garbage'];
const FAULT_RATE = 0.5;
const SPREAD_MS = 200;
const SETTLE_MS = 180_000;
const ARCHIVED_MS = 60_000;
const LANES = 4;

/** Where something may be found that must not be there. */
type Place = 'history' | 'archive' | 'log' | 'response';

/**
 * Items go the whole way with a canary in every text, while keys, a webhook secret, credentials and the
 * address of a feed are in use. Then everything that is stored or said is searched for them.
 */
export const R21: Line = {
  id: 'R21',
  title: 'items with canaries in every text, and secrets in use all the way',
  target: 'no secret in histories, logs or answers; no text of a person in histories or logs',
  protection: 'the encryption of what the engine stores',
  full: 100,
  small: 4,
  async run(stack, { n, seed, control, progress }) {
    const payloadKey = randomBytes(32).toString('base64');
    const found: Record<Place, string[]> = { history: [], archive: [], log: [], response: [] };
    const site = await openSite(stack, {
      environment: { BATON_PAYLOAD_KEY: control ? 'off' : payloadKey, LOG_LEVEL: 'debug' },
      onLine: (line) => found.log.push(line),
    });
    try {
      const text = `canary-${randomUUID()}`;
      const secrets = { 'the payload key': payloadKey, ...(await secretsInUse(site)) };
      const people = hearing(site.people, found.response);
      const fates = await takeItems(site, people, { n, seed, text });
      progress(`${fates.length} items are over`);
      await collectHistories(site, fates, found);
      const violations = [
        ...leaksOf(found, secrets, ['history', 'archive', 'log', 'response']),
        ...leaksOf(found, { 'a text': text }, ['history', 'archive', 'log']),
      ];
      // What finds nothing anywhere proves nothing.
      if (!found.response.some((answer) => answer.includes(text))) {
        violations.push('the text is in no answer: nothing was searched');
      }
      const searched = Object.entries(found).map(([place, texts]) => `${texts.length} × ${place}`);
      return {
        operations: n,
        faults: countFaults(fates),
        lost: 0,
        duplicated: 0,
        unresolved: 0,
        recoveryMs: [],
        violations,
        evidence: [`searched: ${searched.join(', ')}`],
      };
    } finally {
      await site.close();
    }
  },
};

/** Makes what is secret, and uses it. */
async function secretsInUse({ stack, people, api }: Site): Promise<Record<string, string>> {
  const password = `password-${randomUUID()}`;
  await people.ask('admin', 'POST', '/v1/channel-accounts', {
    channel: 'bluesky',
    name: `r21-${randomUUID().slice(0, 8)}.example.com`,
    zone: 'Europe/Paris',
    credentials: { appPassword: password },
  });
  const { secret } = await people.ask<{ secret: string }>(
    'admin',
    'POST',
    '/v1/webhook-endpoints',
    {
      memberId: people.idOf('editor'),
      decisions: ['decide_approval'],
    },
  );
  const feed = await people.ask<{ url: string }>('strategist', 'POST', '/v1/calendar/feeds', {});
  const address = new URL(feed.url, api.url);
  await fetch(`${api.url}${address.pathname}${address.search}`);
  const keys = stack.credentials.members.map(({ name, key }) => [`the key of ${name}`, key]);
  return {
    ...Object.fromEntries(keys),
    'the password of an account': password,
    'the secret of a webhook': secret,
    'the token of a feed': address.searchParams.get('token') ?? address.pathname,
    'the secret key': readFileSync(join(stack.directory, 'secret-key'), 'utf8').trim(),
  };
}

/** The same people; what they are answered is kept. */
function hearing(people: People, heard: string[]): People {
  return {
    idOf: people.idOf,
    async ask<Answer>(...request: Parameters<People['ask']>): Promise<Answer> {
      try {
        const answer = await people.ask<Answer>(...request);
        heard.push(JSON.stringify(answer));
        return answer;
      } catch (error) {
        heard.push(String(error));
        throw error;
      }
    },
  };
}

/** From the brief to the end, with every text that a person may write, refusals and failures. */
async function takeItems(
  site: Site,
  people: People,
  { n, seed, text }: { n: number; seed: number; text: string },
): Promise<PostFate[]> {
  const account = await site.addAccount('R21', { idempotency: 'exact' });
  const drawn = { modes: MODES, account: account.name, firstAttemptOnly: true };
  await orderFault(site.stack, { ...drawn, seed: `${seed}`, rate: FAULT_RATE });
  const wanted = Array.from({ length: n }, (_, index) => ({ text: `${text} ${index}`, account }));
  const posts = await makeApprovedItems(people, wanted);
  const reason = { reason: `${text} is why` };
  await inLanes(LANES, posts.length, async (index) => {
    const path = `/v1/items/${posts[index]?.itemId}`;
    await people.ask('social_media_manager', 'POST', `${path}/hold`, reason);
    await people.ask('social_media_manager', 'POST', `${path}/resume`, reason);
    await people.ask('creator', 'POST', `${path}/comments`, { text }).catch(() => {});
    await people.ask('creator', 'POST', `${path}/cancel`, reason).catch(() => {});
  });
  await planPosts(people, posts, n * SPREAD_MS);
  const fates = await awaitFates(site, posts, { withinMs: SETTLE_MS });
  await inLanes(LANES, fates.length, async (index) => {
    const fate = fates[index];
    if (fate === undefined) return;
    const path = `/v1/items/${fate.post.itemId}`;
    for (const { id, state } of fate.publications) {
      if (state !== 'unknown') continue;
      const said = { outcome: 'live', evidence: `${text} was seen` };
      await people.ask('social_media_manager', 'POST', `${path}/publications/${id}/resolve`, said);
    }
    await people.ask('strategist', 'POST', `${path}/cancel`, reason);
    await people.ask('strategist', 'GET', `${path}/timeline`);
    await people.ask('strategist', 'GET', path);
  });
  await people.ask('strategist', 'GET', '/v1/audit/stuck');
  await people.ask('admin', 'GET', '/v1/channel-accounts');
  await people.ask('admin', 'GET', '/v1/webhook-endpoints');
  return fates;
}

async function collectHistories(
  site: Site,
  fates: readonly PostFate[],
  found: Record<Place, string[]>,
): Promise<void> {
  const connection = await Connection.connect({ address: site.stack.temporal.address });
  try {
    const temporal = new Client({ connection });
    for (const { itemId } of fates.map(({ post }) => post)) {
      const handle = temporal.workflow.getHandle(itemWorkflowId(itemId));
      found.history.push(opened(historyToJSON(await handle.fetchHistory())));
      const key = { workspaceId: site.workspaceId, itemId };
      const kept = await within(ARCHIVED_MS, async () => {
        const histories = await readArchivedHistories(site.database.db, key);
        return histories.length > 0 ? histories : null;
      });
      if (kept === null) throw new Error(`the history of ${itemId} was not archived in time`);
      found.archive.push(...kept.map(({ history }) => opened(history)));
    }
  } finally {
    await connection.close();
  }
}

/** A history as JSON, with the bytes of its payloads as text behind it. */
function opened(json: string): string {
  const payloads = [...json.matchAll(/"data":\s*"([A-Za-z0-9+/=]+)"/g)];
  const texts = payloads.map(([, data = '']) => Buffer.from(data, 'base64').toString('utf8'));
  return [json, ...texts].join('\n');
}

/** Each place in which something is that must not be there, and how often. */
function leaksOf(
  found: Record<Place, string[]>,
  hidden: Record<string, string>,
  places: readonly Place[],
): string[] {
  return Object.entries(hidden).flatMap(([name, value]) =>
    places.flatMap((place) => {
      const hits = found[place].filter((text) => text.includes(value)).length;
      return hits === 0 ? [] : [`${name} is in ${hits} of ${found[place].length} × ${place}`];
    }),
  );
}
