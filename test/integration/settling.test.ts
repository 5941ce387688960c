import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { judgeLateReadings } from '../../src/activities/late-readings.ts';
import { settleReply } from '../../src/activities/settling.ts';
import { askSources } from '../../src/activities/source-replies.ts';
import { createSecretBox } from '../../src/credentials/secret-box.ts';
import {
  listReplies,
  listUnsettled,
  type UnsettledReply,
} from '../../src/db/item/checkpoint-replies.ts';
import { getAddendum } from '../../src/db/item/kpi-addenda.ts';
import { listReadings } from '../../src/db/item/readings.ts';
import { insertChannelAccount } from '../../src/db/workspace/channel-accounts.ts';
import { inWorkspace } from '../../src/db/workspace-scope.ts';
import { createHttpClient } from '../../src/http/http-client.ts';
import { createSourceRegistry } from '../../src/metrics/registry.ts';
import {
  defineSource,
  type SourceAnswer,
  type SourceFailure,
  type SourceQuestion,
} from '../../src/metrics/source-kind.ts';
import {
  makeWorkspace,
  type OpenTestDb,
  openTestDb,
  type TestWorkspace,
} from '../support/db-fixture.ts';
import {
  freezePiece,
  type PublishedPiece,
  publishPiece,
  readPiece,
} from '../support/measured-piece.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const CHECKPOINT = '+7d';

/** What the source says next; the last answer is said again. */
let said: (SourceAnswer | SourceFailure)[] = [];
let asked: SourceQuestion[] = [];

/** A source of shares, which change for two days after the window. */
const TOLD = defineSource({
  id: 'told',
  name: 'Told',
  origin: () => ({}),
  config: z.object({}),
  secret: z.object({}),
  supplies: () => ['shares', 'saves'],
  settlingMs: { shares: 2 * DAY_MS },
  limit: null,
  definitions: { shares: 'shares:told' },
  create: () => ({
    check: async () => ({ ok: true, detail: '' }),
    async collect(question) {
      asked.push(question);
      const next = said.length > 1 ? said.shift() : said[0];
      if (next === undefined) throw new Error('nothing to say');
      return next;
    },
  }),
});

let database: OpenTestDb;
let workspace: TestWorkspace;
let day = 0;
beforeAll(async () => {
  database = await openTestDb(8);
  workspace = await makeWorkspace(database.db);
  const { workspaceId } = workspace;
  const account = { channel: 'sandbox', name: 'settling', zone: 'UTC' } as const;
  await insertChannelAccount(database.db, { id: 'cha_sandbox', workspaceId, ...account });
});
afterAll(() => database?.close());
beforeEach(() => {
  asked = [];
});

const sources = createSourceRegistry({ http: createHttpClient(), sandboxUrl: null }, [TOLD]);
const boxKey = { id: 'k1', bytes: randomBytes(32) };
const secrets = createSecretBox({ current: boxKey, all: [boxKey] });
const within = <T>(work: () => Promise<T>) =>
  inWorkspace({ workspaceId: workspace.workspaceId }, work);
const unsettled = (): Promise<UnsettledReply[]> =>
  within(() => listUnsettled(database.program, { ...workspace, limit: 100 }));
const settle = (reply: UnsettledReply) =>
  within(() => settleReply({ db: database.program, sources, secrets }, reply));

/** A piece whose source was asked at the checkpoint, and what it answered then. */
async function measured(answer: SourceAnswer, { checkpoint = CHECKPOINT } = {}) {
  day += 1;
  const piece = await publishPiece(database, workspace, { day, shares: 0 });
  const { key, publicationId, at: publishedAt } = piece;
  const at = new Date(Date.parse(publishedAt) + 7 * DAY_MS).toISOString();
  said = [answer];
  const publication = {
    id: publicationId,
    channel: 'sandbox' as const,
    marker: 'm',
    remoteId: null,
    url: null,
    publishedAt,
    accountRef: 'a',
  };
  await within(() =>
    askSources(database.program, sources.forChannel('sandbox'), {
      key: { ...key, publicationId, checkpoint },
      at,
      until: null,
      request: { publication, page: null, checkpoint, at },
    }),
  );
  asked = [];
  const mine = async () => {
    const own = (await unsettled()).filter((one) => one.publicationId === publicationId);
    return own[0];
  };
  const replies = () =>
    within(() => listReplies(database.program, { ...key, publicationId, checkpoint }));
  return { ...piece, checkpointAt: at, mine, replies };
}

/** Of its source, oldest first: value and whether it may still change. */
async function readBy(piece: PublishedPiece, measure: 'shares' | 'saves' = 'shares') {
  const { items } = await listReadings(database.db, { ...piece.key, measure, limit: 100 });
  return items
    .filter(({ source }) => source === 'told')
    .map(({ value, provisional }) => `${value}${provisional ? ' provisional' : ''}`)
    .reverse();
}

async function due(piece: Awaited<ReturnType<typeof measured>>): Promise<UnsettledReply> {
  const reply = await piece.mine();
  if (reply === undefined) throw new Error('nothing is to settle');
  return reply;
}

describe('provisional numbers', () => {
  it('are read once more when they have settled, for the same window', async () => {
    const piece = await measured({ measures: { shares: 50, saves: 3 } });
    const reply = await due(piece);
    expect(Date.parse(reply.settleAt)).toBe(Date.parse(piece.checkpointAt) + 2 * DAY_MS);
    said = [{ measures: { shares: 57, saves: 9 } }];
    expect(await settle(reply)).toBe('settled');
    expect(asked).toMatchObject([{ window: { from: piece.at, to: piece.checkpointAt } }]);
    expect(await readBy(piece)).toEqual(['50 provisional', '57']);
    // What was settled at once stands.
    expect(await readBy(piece, 'saves')).toEqual(['3']);
    expect(await piece.mine()).toBeUndefined();
  });

  it('are settled by the same number, too', async () => {
    const piece = await measured({ measures: { shares: 50 } });
    await settle(await due(piece));
    expect(await readBy(piece)).toEqual(['50 provisional', '50']);
  });

  it('turn a frozen verdict, as late readings do', async () => {
    const piece = await measured({ measures: { shares: 150 } });
    await freezePiece(database, piece);
    await settle(await due(piece));
    await within(() =>
      judgeLateReadings(database.program, {
        ...workspace,
        onFailure: (_, error) => {
          throw error;
        },
      }),
    );
    const addendum = await getAddendum(database.db, piece.key);
    const turned = { kpi: 'shares', scope: 'item', was: 'provisional', is: 'met' };
    expect(addendum?.body['flips']).toEqual(
      expect.arrayContaining([expect.objectContaining(turned)]),
    );
  });

  it('give way to what a person stated meanwhile', async () => {
    const piece = await measured({ measures: { shares: 50 } });
    const createdBy = workspace.memberOf('strategist');
    const asOf = piece.checkpointAt;
    await readPiece(database.db, piece, { shares: 80 }, { source: 'manual', createdBy, asOf });
    expect(await settle(await due(piece))).toBe('settled');
    expect(await readBy(piece)).toEqual(['50 provisional']);
    expect(await piece.mine()).toBeUndefined();
  });

  it('are settled once, however many read them', async () => {
    const piece = await measured({ measures: { shares: 50 } });
    const reply = await due(piece);
    const states = await Promise.all(Array.from({ length: 6 }, () => settle(reply)));
    expect(states.filter((state) => state === 'settled')).toHaveLength(1);
    expect(await readBy(piece)).toEqual(['50 provisional', '50']);
  });

  it.each<[string, SourceAnswer | SourceFailure]>([
    ['is away', { unavailable: 'it answered 503', retry: true }],
    ['refuses', { unavailable: 'it answered 401', retry: false, credentialsRefused: true }],
    ['says that they may still change', { measures: { shares: 60 }, settled: false }],
    ['has no row any more', { measures: {} }],
  ])('are asked for later when their source %s, and not for ever', async (_, answer) => {
    const piece = await measured({ measures: { shares: 50 } });
    let reply = await due(piece);
    said = [answer];
    for (let attempt = 1; attempt < 9; attempt += 1) {
      expect(await settle(reply)).toBe('postponed');
      const [row] = await piece.replies();
      const pauseMs = Date.parse(row?.settleAt ?? '') - Date.now();
      const expected = Math.min(2 ** (attempt - 1), 24) * HOUR_MS;
      expect(Math.abs(pauseMs - expected)).toBeLessThan(10 * 60_000);
      expect(await piece.mine()).toBeUndefined();
      reply = { ...reply, settleAt: row?.settleAt ?? '', attempts: row?.settleAttempts ?? 0 };
      expect(reply.attempts).toBe(attempt);
    }
    await settle(reply);
    expect(await piece.replies()).toMatchObject([{ state: 'answered', settleAt: null }]);
    expect(await readBy(piece)).toEqual(['50 provisional']);
  });

  it('wait for a limit without an attempt', async () => {
    const piece = await measured({ measures: { shares: 50 } });
    said = [{ unavailable: 'full', retry: true, retryAfterMs: 90_000, heldBack: true }];
    await settle(await due(piece));
    expect(await piece.replies()).toMatchObject([{ settleAttempts: 0 }]);
    expect(await piece.mine()).toBeUndefined();
  });

  it('of a baseline are not read again: what was before the post is over', async () => {
    const piece = await measured({ measures: { shares: 50 } }, { checkpoint: 'baseline' });
    expect(await piece.mine()).toBeUndefined();
  });

  it('wait by the clock of their item', async () => {
    const piece = await measured({ measures: { shares: 50 }, settlesAt: '2099-01-01T00:00:00Z' });
    expect(await piece.mine()).toBeUndefined();
    await database.db.$client.query('update items set clock_offset_ms = $2 where id = $1', [
      piece.itemId,
      Date.parse('2099-01-02T00:00:00Z') - Date.now(),
    ]);
    expect(await piece.mine()).toBeDefined();
  });
});
