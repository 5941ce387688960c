import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type AskedSources, askSources } from '../../src/activities/source-replies.ts';
import { listReplies } from '../../src/db/item/checkpoint-replies.ts';
import { listReadings } from '../../src/db/item/readings.ts';
import type { MeasureId } from '../../src/domain/kpi/measures.ts';
import type { ReadingsSource, SourceReply } from '../../src/metrics/readings-source.ts';
import { makeItem, makeWorkspace, openTestDb, type TestWorkspace } from '../support/db-fixture.ts';

let database: Awaited<ReturnType<typeof openTestDb>>;
let workspace: TestWorkspace;
beforeAll(async () => {
  database = await openTestDb(8);
  workspace = await makeWorkspace(database.db);
});
afterAll(() => database.close());

const DUE = '2026-03-03T08:00:00.000Z';
const DUE_MS = Date.parse(DUE);
const UNTIL = '2026-03-04T08:00:00.000Z';
const MINUTE_MS = 60_000;

interface Asking {
  key: Parameters<typeof askSources>[2]['key'];
  ask(sources: readonly ReadingsSource[], afterMs?: number): Promise<AskedSources>;
  stored(): Promise<string[]>;
}

/** A checkpoint of an item of its own. */
async function checkpoint(): Promise<Asking> {
  const { id: itemId } = await makeItem(database.db, workspace);
  const { workspaceId } = workspace;
  const key = { workspaceId, itemId, publicationId: `pub_${itemId}`, checkpoint: '+24h' };
  return {
    key,
    ask(sources, afterMs = 0) {
      const at = new Date(DUE_MS + afterMs).toISOString();
      const publication = {
        id: key.publicationId,
        channel: 'sandbox' as const,
        marker: 'm',
        remoteId: null,
        url: null,
        publishedAt: '2026-03-02T08:00:00.000Z',
        accountRef: 'a',
      };
      const request = { publication, page: null, checkpoint: key.checkpoint, at };
      return askSources(database.db, sources, { key, at, until: UNTIL, request });
    },
    async stored() {
      const { items } = await listReadings(database.db, { workspaceId, itemId, limit: 200 });
      return items.map(({ source, measure, value }) => `${source} ${measure} ${value}`).sort();
    },
  };
}

function numbers(values: Partial<Record<MeasureId, number>>): SourceReply {
  const readings = Object.entries(values).map(([measure, value]) => ({
    measure: measure as MeasureId,
    value,
    checkpoint: '+24h' as const,
    asOf: DUE,
    provisional: false,
  }));
  return { readings, empty: [], notAvailable: [] };
}

/** A source that says one thing after the other, then the last again; `asked` counts. */
function source(id: string, replies: SourceReply[], key?: string) {
  const asked = { count: 0 };
  const one: ReadingsSource = {
    id,
    ...(key !== undefined && { key }),
    async collect() {
      const reply = replies[Math.min(asked.count, replies.length - 1)];
      asked.count += 1;
      if (reply === undefined) throw new Error('nothing to say');
      return reply;
    },
  };
  return { one, asked };
}

const AWAY: SourceReply = { unavailable: 'Matomo: it answered 503', retry: true };

describe('a source at a checkpoint', () => {
  it('has one whole set, however many ask at once and whatever each is told', async () => {
    const { ask, stored, key } = await checkpoint();
    const askers = Array.from({ length: 8 }, (_, index) =>
      source('sandbox', [
        numbers(index % 2 === 0 ? { shares: index, saves: index } : { comments: index }),
      ]),
    );
    await Promise.all(askers.map(({ one }) => ask([one])));
    const rows = await stored();
    const values = new Set(rows.map((row) => row.split(' ').at(-1)));
    expect(values.size, rows.join()).toBe(1);
    expect(rows).toHaveLength(Number([...values][0]) % 2 === 0 ? 2 : 1);
    expect(await listReplies(database.db, key)).toMatchObject([{ state: 'answered' }]);
  });

  it('is not asked again once it has answered: a repeated activity adds nothing', async () => {
    const { ask, stored } = await checkpoint();
    const { one, asked } = source('sandbox', [
      numbers({ shares: 3 }),
      numbers({ shares: 9, saves: 1 }),
    ]);
    await ask([one]);
    expect(await ask([one], MINUTE_MS)).toEqual({ askAgainMs: null, unavailable: [] });
    expect(asked.count).toBe(1);
    expect(await stored()).toEqual(['sandbox shares 3']);
  });

  it('stores nothing of an answer of which a part cannot be stored', async () => {
    const { ask, stored, key } = await checkpoint();
    const broken = source('sandbox', [numbers({ shares: 3, saves: Number.NaN })]);
    await expect(ask([broken.one])).rejects.toThrow();
    expect(await stored()).toEqual([]);
    expect(await listReplies(database.db, key)).toEqual([]);
    await ask([source('sandbox', [numbers({ shares: 4, saves: 2 })]).one]);
    expect(await stored()).toEqual(['sandbox saves 2', 'sandbox shares 4']);
  });

  it('keeps what it said although another is away, which is asked again after pauses that double', async () => {
    const { ask, stored } = await checkpoint();
    const good = source('sandbox', [numbers({ shares: 3 })]);
    const away = source('matomo', [AWAY, AWAY, numbers({ sessions: 40 })]);
    const both = [good.one, away.one];
    const said = { source: 'matomo', reason: 'Matomo: it answered 503' };
    expect(await ask(both)).toEqual({ askAgainMs: MINUTE_MS, unavailable: [said] });
    expect(await stored()).toEqual(['sandbox shares 3']);
    // Somebody looks too early: it is left alone.
    expect(await ask(both, 30_000)).toEqual({ askAgainMs: 30_000, unavailable: [said] });
    expect(away.asked.count).toBe(1);
    expect(await ask(both, MINUTE_MS)).toMatchObject({ askAgainMs: 2 * MINUTE_MS });
    expect(await ask(both, 3 * MINUTE_MS)).toEqual({ askAgainMs: null, unavailable: [] });
    expect(good.asked.count).toBe(1);
    expect(await stored()).toEqual(['matomo sessions 40', 'sandbox shares 3']);
  });

  it('is left alone for as long as it asks, and never longer than a day', async () => {
    const { ask } = await checkpoint();
    const busy = source('matomo', [
      { ...AWAY, retryAfterMs: 10 * MINUTE_MS } as SourceReply,
      { ...AWAY, retryAfterMs: 1e12 } as SourceReply,
    ]);
    expect(await ask([busy.one])).toMatchObject({ askAgainMs: 10 * MINUTE_MS });
    await ask([busy.one], 9 * MINUTE_MS);
    expect(busy.asked.count).toBe(1);
    expect(await ask([busy.one], 10 * MINUTE_MS)).toMatchObject({
      askAgainMs: 24 * 60 * MINUTE_MS,
    });
  });

  it('is not asked once the window is over; what it said last is the reason', async () => {
    const { ask } = await checkpoint();
    const [away, never] = [source('matomo', [AWAY]), source('umami', [numbers({ sessions: 1 })])];
    await ask([away.one]);
    const late = Date.parse(UNTIL) - DUE_MS + 1;
    const { unavailable } = await ask([away.one, never.one], late);
    expect(unavailable).toEqual([
      { source: 'matomo', reason: 'Matomo: it answered 503' },
      { source: 'umami', reason: 'it was not asked within its window' },
    ]);
    expect([away.asked.count, never.asked.count]).toEqual([1, 0]);
  });

  it('that cannot answer is not waited for; one without numbers yet is', async () => {
    const { ask } = await checkpoint();
    const refused = { unavailable: 'GA4: it refused the credentials', retry: false } as const;
    const never = source('search_console', [refused]);
    const unable = source('bluesky', [{ readings: [], empty: [], notAvailable: ['reach'] }]);
    expect(await ask([never.one, unable.one])).toMatchObject({ askAgainMs: null });
    const notYet = source('ga4', [{ readings: [], empty: ['sessions'], notAvailable: [] }]);
    expect(await ask([never.one, notYet.one])).toEqual({
      askAgainMs: MINUTE_MS,
      unavailable: [
        { source: 'search_console', reason: 'GA4: it refused the credentials' },
        { source: 'ga4', reason: 'ga4: it has no numbers yet' },
      ],
    });
  });

  it('that has nothing to be asked for is no source of the checkpoint', async () => {
    const { ask, key } = await checkpoint();
    const idle = source('umami', [{ readings: [], empty: [], notAvailable: [] }]);
    expect(await ask([idle.one])).toEqual({ askAgainMs: null, unavailable: [] });
    expect(await listReplies(database.db, key)).toEqual([]);
  });

  it('is each of two systems of one kind: both have their set', async () => {
    const { ask, stored } = await checkpoint();
    await ask([
      source('matomo', [numbers({ sessions: 1 })], 'msr_1').one,
      source('matomo', [numbers({ sessions: 2 })], 'msr_2').one,
    ]);
    expect(await stored()).toEqual(['matomo sessions 1', 'matomo sessions 2']);
  });

  it('says a hostile or endless reason: it is cut, and stored as text', async () => {
    const { ask } = await checkpoint();
    const reason = `<script>'); drop table readings; --${'x'.repeat(5_000)}`;
    const { unavailable } = await ask([
      source('matomo', [{ unavailable: reason, retry: true }]).one,
    ]);
    expect(unavailable[0]?.reason).toBe(reason.slice(0, 300));
  });
});
