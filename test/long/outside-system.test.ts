import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { TemporaryStack } from '../../scripts/local/temporary-stack.ts';
import {
  type FaultyReceiver,
  startFaultyReceiver,
} from '../../scripts/reliability/outbound/faulty-receiver.ts';
import {
  eventsToTell,
  judgeDeliveries,
} from '../../scripts/reliability/outbound/judge-deliveries.ts';
import { answerOf, isFinal } from '../../scripts/reliability/people.ts';
import { seededRandom } from '../../scripts/reliability/random.ts';
import { createKiller } from '../../scripts/reliability/release/program-killer.ts';
import { startReliabilityStack } from '../../scripts/reliability/run-line.ts';
import { openSite, type Site } from '../../scripts/reliability/site.ts';
import { signWebhook } from '../../src/client/webhook-signature.ts';
import { Brief } from '../../src/domain/item/content/brief.ts';
import { OWNER_ROLES } from '../../src/domain/people/roles.ts';
import { makeBrief, makeDraft, tickedChecklist } from '../support/content.ts';
import { eventually } from '../support/eventually.ts';

const KILL_EVERY_MS = 5_000;
/** Of each program: items are begun until there were so many. */
const KILLS = 2;
const AT_ONCE = 2;
/** A worker that dies with a delivery loses it after its lease only. */
const PATIENCE = { withinMs: 240_000 };
const TEST_MS = 900_000;

let stack: TemporaryStack;
beforeAll(async () => {
  stack = await startReliabilityStack();
}, 120_000);
afterAll(() => stack?.stop(), 120_000);

/** What an outside system is told of an event, and where it may answer. */
interface Told {
  type: string;
  data: {
    itemId: string;
    answer: { endpoint?: string; handoffId?: string; contentHash?: string };
  };
}

/** A system that knows Baton by its API, and by what it is told, only. */
class OutsideSystem {
  readonly #site: Site;
  readonly #receiver: FaultyReceiver;
  /** Of its endpoints, by their path. */
  readonly #secrets = new Map<string, string>();

  constructor(site: Site, receiver: FaultyReceiver) {
    this.#site = site;
    this.#receiver = receiver;
  }

  async subscribe(): Promise<void> {
    const { people } = this.#site;
    const { secret } = await people.ask<{ secret: string }>(
      'admin',
      'POST',
      '/v1/webhook-subscriptions',
      { url: this.#receiver.url, types: ['*'] },
    );
    this.#receiver.trust(secret);
    for (const role of ['creator', 'social_media_manager'] as const) {
      const endpoint = await people.ask<{ url: string; secret: string }>(
        'admin',
        'POST',
        '/v1/webhook-endpoints',
        { memberId: people.idOf(role), decisions: ['accept_handoff'], name: role },
      );
      this.#secrets.set(endpoint.url, endpoint.secret);
    }
  }

  /** From the brief to the last sign-off. @returns the item */
  async live(title: string, account: string): Promise<string> {
    const { people } = this.#site;
    const brief = Brief.parse(makeBrief());
    const { item } = await people.ask<{ item: { id: string } }>('strategist', 'POST', '/v1/items', {
      title,
      brief,
    });
    const path = `/v1/items/${item.id}`;
    const ask = people.ask<unknown>;
    await ask('strategist', 'POST', `${path}/handoffs`, { checklist: tickedChecklist('brief') });
    await this.#accept(await this.#hear(item.id, 'handoff.offered'));
    await this.#hear(item.id, 'handoff.accepted');
    await ask('creator', 'PUT', `${path}/draft`, makeDraft({ title, body: `${title}, at length` }));
    await ask('creator', 'POST', `${path}/handoffs`, { checklist: tickedChecklist('review') });
    await this.#decideByLink(await this.#hear(item.id, 'approval.requested'));
    await this.#hear(item.id, 'approval.decided');
    await this.#accept(await this.#hear(item.id, 'handoff.offered', 2));
    await this.#hear(item.id, 'handoff.accepted', 2);
    await this.#plan(path, account);
    await this.#hear(item.id, 'publication.published');
    await this.#letAMonthPass(item.id);
    await this.#hear(item.id, 'kpi_review.opened');
    await this.#signOff(path);
    await this.#hear(item.id, 'kpi_review.closed');
    return item.id;
  }

  /** The nth event of a type; each counts once, however often it comes. */
  #hear(itemId: string, type: string, nth = 1): Promise<Told> {
    return eventually(
      async () => {
        const { received } = this.#receiver;
        const events = new Map(
          received.filter((one) => one.itemId === itemId).map((one) => [one.id, one.body]),
        );
        const told = [...events.values()].map((body): Told => JSON.parse(body));
        return told.filter((one) => one.type === type)[nth - 1] ?? null;
      },
      { what: `${type} of ${itemId}`, ...PATIENCE },
    );
  }

  /** By the signed call that the event names, under one id until it is answered for good. */
  async #accept({ data: { itemId, answer } }: Told): Promise<void> {
    const { endpoint = '', handoffId } = answer;
    const body = JSON.stringify({ type: 'accept_handoff', data: { itemId, handoffId } });
    const secret = this.#secrets.get(endpoint) ?? '';
    const id = `msg_${handoffId}`;
    await this.#insist(endpoint, () => ({
      method: 'POST',
      headers: { 'content-type': 'application/json', ...signWebhook({ secret, body, id }) },
      body,
    }));
  }

  /** Somebody without an account opens the page, and sends its form. */
  async #decideByLink({ data: { itemId } }: Told): Promise<void> {
    const { url } = await this.#site.people.ask<{ url: string }>(
      'strategist',
      'POST',
      `/v1/items/${itemId}/approval-links`,
      { role: 'editor', name: 'Ada Martin' },
    );
    const { pathname } = new URL(url, this.#site.api.url);
    expect(await this.#insist(pathname, () => ({ method: 'GET' }))).toContain('<form');
    await this.#insist(
      pathname,
      () => ({
        method: 'POST',
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
        body: new URLSearchParams({ decision: 'approve' }).toString(),
      }),
      // It was decided, and the answer was lost.
      [200, 410],
    );
  }

  #insist(path: string, request: () => RequestInit, wanted = [200]): Promise<string> {
    return eventually(
      async () => {
        const reply = await answerOf(`${this.#site.api.url}${path}`, request());
        if (reply === null || !isFinal(reply.status)) return null;
        expect(wanted, reply.text).toContain(reply.status);
        return reply.text;
      },
      { what: path, ...PATIENCE },
    );
  }

  /** A kill may outlast the slot that was asked for: then another one is. */
  async #plan(path: string, channelAccountId: string): Promise<void> {
    await eventually(
      async () => {
        const at = new Date(Date.now() + 5_000).toISOString();
        const body = { publications: [{ channelAccountId, at }] };
        return this.#try(() =>
          this.#site.people.ask('social_media_manager', 'PUT', `${path}/schedule`, body),
        );
      },
      { what: `${path} is planned`, ...PATIENCE },
    );
  }

  /** Without an idempotency key, which a killed API would hold for as long as its lease runs. */
  async #letAMonthPass(itemId: string): Promise<void> {
    const { people, api } = this.#site;
    const { key } = stack.credentials.members.find(({ role }) => role === 'strategist') ?? {};
    const journey = {
      method: 'POST',
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
      body: JSON.stringify({ itemId, by: 'P29D' }),
    };
    await eventually(
      async () => {
        await answerOf(`${api.url}/v1/local/time-travel`, journey);
        const path = `/v1/items/${itemId}`;
        const { stage } = await people.ask<{ stage: string }>('strategist', 'GET', path);
        return stage === 'kpi_review';
      },
      { what: `${itemId} is reviewed`, ...PATIENCE },
    );
  }

  async #signOff(path: string): Promise<void> {
    const { people } = this.#site;
    const reviewHash = await eventually(
      async () => {
        const item = await people.ask<{ review: { hash: string | null } }>(
          'strategist',
          'GET',
          path,
        );
        return item.review.hash;
      },
      { what: `the review of ${path} is frozen`, ...PATIENCE },
    );
    for (const role of OWNER_ROLES) {
      await people.ask(role, 'POST', `${path}/kpi-review/sign-offs`, {
        role,
        decision: role === 'strategist' ? 'scale' : 'agree',
        reviewHash,
        comment: 'it goes on, whatever is recommended',
      });
    }
  }

  async #try(work: () => Promise<unknown>): Promise<boolean> {
    return work().then(
      () => true,
      () => false,
    );
  }
}

describe('an outside system', () => {
  it(
    'takes items from brief to sign-off by what it is told, while API and worker are killed',
    async () => {
      const receiver = await startFaultyReceiver({ rate: 0, random: () => 1 });
      const environment = { BATON_LOCAL: '1', BATON_ALLOWED_ORIGINS: receiver.url };
      const site = await openSite(stack, { environment });
      const killers = {
        API: createKiller(seededRandom(1)),
        worker: createKiller(seededRandom(2)),
      };
      try {
        const account = await site.addAccount('outside');
        const system = new OutsideSystem(site, receiver);
        await system.subscribe();
        const startApi = async () => (await site.startApi([], site.api.url)).process;
        await killers.API.keep({ name: 'API', start: startApi }, site.api.process);
        const startWorker = () => site.startWorker();
        await killers.worker.keep({ name: 'worker', start: startWorker }, site.worker);
        for (const killer of Object.values(killers)) killer.begin(KILL_EVERY_MS);
        const isEnough = () =>
          Object.entries(killers).every(
            ([name, { kills }]) => (kills[`kill ${name}`] ?? 0) >= KILLS,
          );
        const itemIds: string[] = [];
        while (!isEnough()) {
          const titles = Array.from(
            { length: AT_ONCE },
            (_, index) => `Outside ${itemIds.length + index}`,
          );
          const lives = titles.map((title) => system.live(title, account.id));
          itemIds.push(...(await Promise.all(lives)));
        }
        for (const killer of Object.values(killers)) await killer.end();
        const events = await eventsToTell(site, itemIds);
        const judged = await eventually(
          async () => {
            const now = judgeDeliveries(events, receiver.received);
            return now.lost.length === 0 && now;
          },
          { what: 'every event', ...PATIENCE },
        );
        expect(judged).toMatchObject({ lost: [], changed: [], disordered: [] });
        expect(receiver.forged).toEqual([]);
      } finally {
        for (const killer of Object.values(killers)) await killer.end().catch(() => {});
        await site.close();
        await receiver.close();
      }
    },
    TEST_MS,
  );
});
