import { signWebhook } from '../../../src/client/webhook-signature.ts';
import { derivedId } from '../../../src/domain/ids.ts';
import { makeOfferedItems, offerBrief } from '../items.ts';
import type { Line, Outcome } from '../line.ts';
import { answerOf, isFinal } from '../people.ts';
import { seededRandom, shuffled } from '../random.ts';
import { openSite, type Site } from '../site.ts';
import { within } from '../time.ts';

const TIMES = 3;
const SENDERS = 2;
/** Deliveries of one sender that are under way at the same time. */
const AT_ONCE = 4;
const DELIVERY_MS = 90_000;
const REPEAT_MS = 250;

interface Endpoint {
  url: string;
  secret: string;
}
interface Delivery {
  index: number;
  itemId: string;
  id: string;
  body: string;
  declines: boolean;
}

/**
 * Half of the handoffs are accepted. The other half are declined and offered again as soon as the first
 * delivery is answered: the two that follow would decline the new offer, were they taken for new decisions.
 */
export const R1: Line = {
  id: 'R1',
  title: `handoff webhooks, each delivered ${TIMES}×, shuffled, ${SENDERS} senders`,
  target: 'one transition each, none twice, none lost, every delivery the same answer',
  protection: 'the command id of a delivery',
  full: 1_000,
  small: 16,
  async run(stack, { n, seed, control, progress }) {
    const parts = control ? (['forgetfulSender'] as const) : [];
    // The items are made by an API with the protection: its people repeat what is not answered, too.
    const site = await openSite(stack);
    try {
      const receivers = [await site.startApi(parts), await site.startApi(parts)];
      const endpoint = await makeEndpoint(site);
      const items = await makeOfferedItems(site.people, n);
      progress(`${n} handoffs are offered`);
      const decisions = items.map((itemId, index) => decisionFor(itemId, index));
      const deliveries = shuffled(
        decisions.flatMap((one) => Array.from({ length: TIMES }, () => one)),
        seededRandom(seed),
      );
      const urls = receivers.map(({ url }) => url);
      const answers = await deliverAll(site, endpoint, deliveries, urls);
      progress(`${deliveries.length} deliveries are answered`);
      return await judge(site, decisions, answers);
    } finally {
      await site.close();
    }
  },
};

async function makeEndpoint({ people }: Site): Promise<Endpoint> {
  return people.ask<Endpoint>('admin', 'POST', '/v1/webhook-endpoints', {
    memberId: people.idOf('creator'),
    decisions: ['accept_handoff', 'decline_handoff'],
    name: 'R1',
  });
}

function decisionFor(itemId: string, index: number): Delivery {
  const declines = index % 2 === 1;
  const handoffId = derivedId('handoff', itemId, 1);
  const body = declines
    ? { type: 'decline_handoff', data: { itemId, handoffId, reason: 'wrong_audience' } }
    : { type: 'accept_handoff', data: { itemId, handoffId } };
  return { index, itemId, id: `msg_${itemId}`, body: JSON.stringify(body), declines };
}

interface Answers {
  statuses: number[][];
  firstAt: number[];
  redelivered: number;
  unanswered: number;
}

async function deliverAll(
  { people }: Site,
  endpoint: Endpoint,
  deliveries: readonly Delivery[],
  urls: readonly string[],
): Promise<Answers> {
  const answers: Answers = { statuses: [], firstAt: [], redelivered: 0, unanswered: 0 };
  const queue = [...deliveries];
  async function lane(url: string): Promise<void> {
    for (let one = queue.shift(); one !== undefined; one = queue.shift()) {
      const { index, itemId, declines } = one;
      const begun = performance.now();
      const status = await deliver(`${url}${endpoint.url}`, endpoint.secret, one);
      if (status === null) {
        answers.unanswered += 1;
        continue;
      }
      const earlier = answers.statuses[index];
      if (earlier === undefined) {
        answers.statuses[index] = [status];
        answers.firstAt.push(performance.now() - begun);
        if (declines && status === 200) await offerBrief(people, itemId);
      } else {
        earlier.push(status);
        answers.redelivered += 1;
      }
    }
  }
  await Promise.all(urls.flatMap((url) => Array.from({ length: AT_ONCE }, () => lane(url))));
  return answers;
}

/** As any sender of webhooks: freshly signed until it is answered for good. */
async function deliver(
  url: string,
  secret: string,
  { id, body }: Delivery,
): Promise<number | null> {
  return within(
    DELIVERY_MS,
    async () => {
      const headers = { 'content-type': 'application/json', ...signWebhook({ secret, body, id }) };
      const reply = await answerOf(url, { method: 'POST', headers, body });
      return reply !== null && isFinal(reply.status) ? reply.status : null;
    },
    REPEAT_MS,
  );
}

async function judge(
  { database }: Site,
  decisions: readonly Delivery[],
  answers: Answers,
): Promise<Outcome> {
  const { rows } = await database.pool.query<{ item_id: string; transitions: string }>(
    `select item_id, count(*) as transitions from item_events
     where item_id = any($1) and type in ('handoff.accepted', 'handoff.declined') group by item_id`,
    [decisions.map(({ itemId }) => itemId)],
  );
  const transitions = new Map(rows.map((row) => [row.item_id, Number(row.transitions)]));
  const violations: string[] = [];
  let lost = 0;
  let duplicated = 0;
  for (const { index, itemId } of decisions) {
    const count = transitions.get(itemId) ?? 0;
    if (count === 0) lost += 1;
    duplicated += Math.max(0, count - 1);
    if (count !== 1) violations.push(`${itemId} has ${count} transitions`);
    const statuses = answers.statuses[index] ?? [];
    if (statuses.length !== TIMES || statuses.some((status) => status !== 200)) {
      violations.push(`${itemId}: its deliveries were answered ${statuses.join(', ') || 'never'}`);
    }
  }
  return {
    operations: decisions.length,
    faults: { 'delivered again': answers.redelivered },
    lost,
    duplicated,
    unresolved: answers.unanswered,
    recoveryMs: answers.firstAt,
    violations,
    evidence: [],
  };
}
