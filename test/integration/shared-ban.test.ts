import { randomUUID } from 'node:crypto';
import { type SQL, sql } from 'drizzle-orm';
import { describe, expect, it } from 'vitest';
import type { ChannelRegistry } from '../../src/channels/registry.ts';
import { readBanMs } from '../../src/db/publishing/channel-budgets.ts';
import { insertChannelAccount } from '../../src/db/workspace/channel-accounts.ts';
import { intentKeyOf, markerOf } from '../../src/domain/channel/publication-intent.ts';
import { eventually } from '../support/eventually.ts';
import { type ItemEngine, openItemEngine } from '../support/item-engine.ts';
import { toScheduled } from '../support/item-story.ts';

/** Longer than any test takes. */
const BAN_MS = 600_000;
/** What is left of the ban when the second worker gets its post. */
const REST_MS = 8_000;
/** The end of the ban is read in one query and the clock beside it. */
const ROUNDED_MS = 200;
/** A slot so near that it comes by itself. */
const SOON_MS = 1_000;

/** The real adapters; a network that asks for silence asks for this much. */
function withLongBans(real: ChannelRegistry): ChannelRegistry {
  return {
    get(id) {
      const channel = real.get(id);
      if (channel === null) return null;
      return {
        ...channel,
        async publish(request) {
          const outcome = await channel.publish(request);
          const isLimited = outcome.outcome === 'retryable' && outcome.code === 'rate_limited';
          return isLimited ? { ...outcome, retryAfterMs: BAN_MS } : outcome;
        },
      };
    },
  };
}

/** Each test stops the worker of its own engine, so that the bans last at the same time. */
async function withEngine(work: (engine: ItemEngine) => Promise<void>): Promise<void> {
  const engine = await openItemEngine({ channels: withLongBans });
  try {
    await work(engine);
  } finally {
    await engine.close();
  }
}

interface Watched {
  /** When the silence ends that the account is asked for; epoch milliseconds. */
  bannedUntil: number;
  /** When the post that only the second worker could send was accepted; epoch milliseconds. */
  acceptedAt: number;
}

/**
 * The worker of this process meets a limit with one post and ends; a worker in another process, with a
 * pool of its own, has the account's next post to send while the limit stands.
 * @param meanwhile what happens to the ban after the first worker is gone.
 */
async function banInOneSendInOther(
  engine: ItemEngine,
  meanwhile: (account: { channelAccountId: string }) => Promise<unknown>,
): Promise<Watched> {
  const { workspaceId } = engine.workspace;
  const { id: channelAccountId } = await insertChannelAccount(engine.deps.db, {
    workspaceId,
    channel: 'sandbox',
    name: `shared ${randomUUID()}`,
    zone: 'Europe/Paris',
  });
  const account = { workspaceId, channelAccountId };
  const markerOfItem = (itemId: string) =>
    markerOf(intentKeyOf({ ...account, itemId, slotNumber: 1 }));
  const banEnd = async () => {
    const banMs = await readBanMs(engine.deps.db, account);
    return banMs > 0 ? Date.now() + banMs : null;
  };
  const [limited, next] = [await engine.start(), await engine.start()];
  await engine.sandbox.fault({ mode: 'rate_limited', marker: markerOfItem(limited) });
  const way = { slotInMs: SOON_MS, accounts: [channelAccountId] };
  await toScheduled(engine, limited, way);
  const ofFirst = await eventually(banEnd, { what: 'a ban of the account' });
  await engine.stopWorker();
  await engine.spawnWorker();
  await meanwhile(account);
  const bannedUntil = (await banEnd()) ?? ofFirst;
  await toScheduled(engine, next, way);
  const post = await eventually(
    () => engine.sandbox.ledger().find(({ marker }) => marker === markerOfItem(next)) ?? null,
    { what: 'the post of the second worker' },
  );
  return { bannedUntil, acceptedAt: Date.parse(post.at) };
}

describe.concurrent('a ban that one worker was told of', () => {
  it('holds for another: the ledger has no post within it, and the post after it', () =>
    withEngine(async (engine) => {
      const { bannedUntil, acceptedAt } = await banInOneSendInOther(engine, (account) =>
        endBan(engine, account, sql`now() + ${REST_MS} * interval '1 millisecond'`),
      );
      expect(acceptedAt).toBeGreaterThanOrEqual(bannedUntil - ROUNDED_MS);
    }));

  it('holds by its row alone: without it the other worker sends within it', () =>
    withEngine(async (engine) => {
      const { bannedUntil, acceptedAt } = await banInOneSendInOther(engine, (account) =>
        endBan(engine, account, sql`null`),
      );
      expect(acceptedAt).toBeLessThan(bannedUntil - ROUNDED_MS);
    }));
});

function endBan({ deps }: ItemEngine, account: { channelAccountId: string }, at: SQL) {
  return deps.db.execute(
    sql`update channel_budgets set banned_until = ${at}
    where channel_account_id = ${account.channelAccountId}`,
  );
}
