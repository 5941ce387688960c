import { signWebhook, type WebhookHeaders } from '../../../src/client/webhook-signature.ts';
import { derivedId } from '../../../src/domain/ids.ts';
import { makeOfferedItems } from '../items.ts';
import type { Line, Outcome } from '../line.ts';
import { answerOf, isFinal, patientAnswerOf } from '../people.ts';
import { seededRandom } from '../random.ts';
import { openSite, type Site } from '../site.ts';
import { inLanes, within } from '../time.ts';

const LANES = 8;
const SETTLED_MS = 60_000;
const PROGRESS_EVERY = 2_000;

interface Delivery {
  id: string;
  body: string;
  secret: string;
}

interface Forgery {
  kind: string;
  body: string;
  headers: Record<string, string>;
}

/** One delivery in every way that is not its sender's; then itself, again and again. */
export const R19: Line = {
  id: 'R19',
  title: 'forged deliveries, and replays of a true one, also after a restart',
  target: 'no forgery accepted, one transition, the same answer to every replay in its window',
  protection: 'the signature of a delivery and its window',
  full: 10_000,
  small: 200,
  async run(stack, { n, seed, control, progress }) {
    const parts = control ? (['credulousSignature'] as const) : [];
    const site = await openSite(stack, { apiParts: parts });
    try {
      const [itemId = ''] = await makeOfferedItems(site.people, 1);
      const endpoint = await site.people.ask<{ id: string; url: string; secret: string }>(
        'admin',
        'POST',
        '/v1/webhook-endpoints',
        { memberId: site.people.idOf('creator'), decisions: ['accept_handoff'], name: 'R19' },
      );
      const data = { itemId, handoffId: derivedId('handoff', itemId, 1) };
      const body = JSON.stringify({ type: 'accept_handoff', data });
      const delivery: Delivery = { id: `msg_${itemId}`, body, secret: endpoint.secret };
      const outcome: Outcome = {
        operations: n,
        faults: {},
        lost: 0,
        duplicated: 0,
        unresolved: 0,
        recoveryMs: [],
        violations: [],
        evidence: [],
      };
      const random = seededRandom(seed);
      const forgeries = Array.from({ length: n }, () => forged(delivery, random));
      await inLanes(LANES, n, async (index) => {
        const forgery = forgeries[index];
        if (forgery === undefined) return;
        const { kind, headers, body: sent } = forgery;
        const begun = performance.now();
        const answer = await patientAnswerOf(`${site.api.url}${endpoint.url}`, {
          method: 'POST',
          headers,
          body: sent,
        });
        outcome.recoveryMs.push(performance.now() - begun);
        outcome.faults[kind] = (outcome.faults[kind] ?? 0) + 1;
        if (answer?.status !== 401) {
          outcome.violations.push(`${kind}: ${answer?.status} ${JSON.stringify(headers)}`);
        }
        if ((index + 1) % PROGRESS_EVERY === 0) progress(`${index + 1} forgeries are answered`);
      });
      if ((await transitionsOf(site, itemId)) !== 0) {
        outcome.violations.push('a forgery moved the item');
      }
      await replay(site, { endpoint, delivery, outcome, parts });
      const transitions = await transitionsOf(site, itemId);
      outcome.lost = Number(transitions === 0);
      outcome.duplicated = Math.max(0, transitions - 1);
      if (transitions !== 1) outcome.violations.push(`${transitions} transitions`);
      return outcome;
    } finally {
      await site.close();
    }
  },
};

/** The true delivery, and again at every age that matters, before and after a restart of the API. */
async function replay(
  site: Site,
  {
    endpoint,
    delivery,
    outcome,
    parts,
  }: {
    endpoint: { url: string };
    delivery: Delivery;
    outcome: Outcome;
    parts: readonly 'credulousSignature'[];
  },
): Promise<void> {
  let url = site.api.url;
  const send = (ageSeconds: number) =>
    within(SETTLED_MS, async () => {
      const timestamp = new Date(Date.now() - ageSeconds * 1_000);
      const answer = await answerOf(`${url}${endpoint.url}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...signWebhook({ ...delivery, timestamp }) },
        body: delivery.body,
      });
      return answer !== null && isFinal(answer.status) ? answer : null;
    });
  const first = await send(0);
  if (first?.status !== 200) outcome.violations.push(`the true delivery: ${first?.status}`);
  for (const time of ['before a restart', 'after a restart']) {
    for (const [age, wanted] of [
      [1, 200],
      [290, 200],
      [-290, 200],
      [302, 401],
      [-310, 401],
    ] as const) {
      const answer = await send(age);
      outcome.operations += 1;
      const kind = `replayed ${time}`;
      outcome.faults[kind] = (outcome.faults[kind] ?? 0) + 1;
      const isSame = wanted === 401 || answer?.text === first?.text;
      if (answer?.status !== wanted || !isSame) {
        outcome.violations.push(`${time}, ${age} s old: ${answer?.status} ${answer?.text}`);
      }
    }
    if (time === 'after a restart') return;
    site.api.process.kill();
    await site.api.process.exited;
    url = (await site.startApi(parts)).url;
  }
}

async function transitionsOf({ database }: Site, itemId: string): Promise<number> {
  const { rows } = await database.pool.query<{ count: string }>(
    `select count(*) from item_events where item_id = $1 and type like 'handoff.%'
     and type <> 'handoff.offered'`,
    [itemId],
  );
  return Number(rows[0]?.count ?? 0);
}

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-';

/** The delivery, changed in one way that its signature does not cover. */
function forged(delivery: Delivery, random: () => number): Forgery {
  const { body } = delivery;
  const upTo = (count: number) => Math.floor(random() * count);
  const signed = signWebhook(delivery);
  const json = { 'content-type': 'application/json' };
  const with_ = (change: Partial<WebhookHeaders>) => ({ ...json, ...signed, ...change });
  const changed = (text: string): string => {
    const at = upTo(text.length);
    const letter = ALPHABET[upTo(ALPHABET.length)] ?? 'A';
    return letter === text[at]
      ? `${text}${letter}`
      : text.slice(0, at) + letter + text.slice(at + 1);
  };
  const ways: (() => Forgery)[] = [
    () => ({ kind: 'id', body, headers: with_({ 'webhook-id': changed(delivery.id) }) }),
    () => {
      const seconds = Number(signed['webhook-timestamp']) + 1 + upTo(290);
      return { kind: 'timestamp', body, headers: with_({ 'webhook-timestamp': String(seconds) }) };
    },
    () => ({ kind: 'body', body: changed(body), headers: with_({}) }),
    () => ({ kind: 'body and space', body: `${body} `, headers: with_({}) }),
    () => {
      const [, mac = ''] = signed['webhook-signature'].split(',');
      return {
        kind: 'signature',
        body,
        headers: with_({ 'webhook-signature': `v1,${changed(mac)}` }),
      };
    },
    () => {
      const secret = `whsec_${Buffer.from(Array.from({ length: 32 }, () => upTo(256))).toString('base64')}`;
      return {
        kind: 'secret',
        body,
        headers: { ...json, ...signWebhook({ ...delivery, secret }) },
      };
    },
    () => {
      const names = ['webhook-id', 'webhook-timestamp', 'webhook-signature'] as const;
      const headers: Record<string, string> = with_({});
      delete headers[names[upTo(3)] ?? 'webhook-id'];
      return { kind: 'header left out', body, headers };
    },
    () => ({
      kind: 'second header',
      body,
      headers: { ...with_({}), 'svix-id': changed(delivery.id) },
    }),
    () => {
      const timestamp = new Date(Date.now() - (302 + upTo(1_000_000)) * 1_000);
      return {
        kind: 'too old',
        body,
        headers: { ...json, ...signWebhook({ ...delivery, timestamp }) },
      };
    },
    () => {
      const version = ['v0', 'v1a', 'v2', 'V1', ''][upTo(5)] ?? '';
      const [, mac = ''] = signed['webhook-signature'].split(',');
      return {
        kind: 'version',
        body,
        headers: with_({ 'webhook-signature': `${version},${mac}` }),
      };
    },
  ];
  const way = ways[upTo(ways.length)];
  if (way === undefined) throw new RangeError('no way to forge');
  return way();
}
