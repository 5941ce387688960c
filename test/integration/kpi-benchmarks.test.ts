import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { KpiReview } from '../../src/api/review-document/kpi-review-schema.ts';
import { listPastFigures, saveFigures } from '../../src/db/item/kpi-figures.ts';
import { getKpiReview } from '../../src/db/item/kpi-reviews.ts';
import type { Brief } from '../../src/domain/item/content/brief.ts';
import { digestBrief } from '../../src/domain/item/content/digests.ts';
import { ReviewVerdicts } from '../../src/domain/kpi/verdict-schema.ts';
import type { Json } from '../support/api-fixture.ts';
import { makeWorkspace, type OpenTestDb, type TestWorkspace } from '../support/db-fixture.ts';
import { type IdleApi, openIdleApi } from '../support/idle-api.ts';
import {
  FIRST_DAY_MS,
  freezePiece,
  type Piece,
  publishPiece,
  readPiece,
} from '../support/measured-piece.ts';

const DAY_MS = 86_400_000;

let api: IdleApi;
let database: OpenTestDb;
let workspace: TestWorkspace;
beforeAll(async () => {
  api = await openIdleApi();
  ({ database, workspace } = api);
});
afterAll(() => api?.close());

const publish = ({ of = workspace, ...piece }: Piece & { of?: TestWorkspace }) =>
  publishPiece(database, of, piece);

/** Freezes the review of a piece, as its run would, and twice. */
async function review(piece: Parameters<typeof publish>[0]) {
  const published = await publish(piece);
  const { key, itemId, publicationId } = published;
  const freeze = () => freezePiece(database, published);
  expect(await freeze()).toEqual(await freeze());
  const row = await getKpiReview(database.db, key);
  const verdicts = ReviewVerdicts.parse(row?.body['verdicts']);
  return {
    itemId,
    publicationId,
    row: (scope: string) =>
      verdicts.rows.find((one) => one.kpi === 'shares' && one.scope === scope),
    guardrail: verdicts.guardrails?.find(({ scope }) => scope === 'item'),
  };
}

/** A workspace with just enough pieces to be compared with, on the days from 1 on. */
async function withPieces(): Promise<TestWorkspace> {
  const of = await makeWorkspace(database.db);
  for (let day = 1; day <= 8; day += 1) await review({ day, shares: 10 + day, of });
  return of;
}

/** The pieces are there for one that is like them. */
async function expectComparison(of: TestWorkspace): Promise<void> {
  const { row } = await review({ day: 20, shares: 12, of });
  expect(row('item')?.comparison).toBeDefined();
}

/** What a piece of the thirtieth day is compared with, as the owner of the tables finds it. */
function pastOf(key: { workspaceId: string; itemId: string }) {
  const publishedAt = new Date(FIRST_DAY_MS + 30 * DAY_MS).toISOString();
  return listPastFigures(database.db, {
    ...key,
    formats: 'written',
    parts: [{ scope: 'item', kind: 'item', channels: 'sandbox', publishedAt }],
    ages: [168],
  });
}

describe('a piece is compared with', () => {
  it('own pieces of the 90 days before it, at the same age, once there are eight', async () => {
    for (let day = 0; day < 8; day += 1) {
      const { row, guardrail } = await review({ day, shares: 10 + day });
      expect(row('item')?.comparison).toBeUndefined();
      expect(guardrail).toMatchObject({ verdict: 'no_benchmark' });
      expect(guardrail?.reason).toContain(`there are ${day}`);
    }
    const ninth = await review({ day: 20, shares: 9 });
    const comparison = { median: 13.5, low: 10, high: 17, pieces: 8, position: 'worse' };
    expect(ninth.row('item')).toMatchObject({ verdict: 'missed', comparison });
    expect(ninth.row(`publication:${ninth.publicationId}`)).toMatchObject({ comparison });
    expect(ninth.guardrail).toMatchObject({ verdict: 'broken', limit: 10, comparison });
  });

  it('also in a preview, which a stranger does not see', async () => {
    const { itemId } = await publish({ day: 30, shares: 20 });
    const path = `/v1/items/${itemId}/kpi-review`;
    const { json } = await api.as('creator', 'GET', path);
    KpiReview.strict().parse(json);
    expect(json.frozen).toBe(false);
    expect(json.guardrails[0]).toMatchObject({ kpi: 'shares', scope: 'item', verdict: 'held' });
    expect(json.guardrails[0].comparison).toMatchObject({ pieces: 9, position: 'better' });
    const own = json.verdicts.find(({ kpi, scope }: Json) => kpi === 'shares' && scope === 'item');
    expect(own.comparison).toEqual(json.guardrails[0].comparison);
    const stranger = (await makeWorkspace(database.db)).members[0]?.key ?? '';
    expect((await api.call(stranger, 'GET', path)).status).toBe(404);
  });

  it.each([
    ['of another channel', { day: 20, channel: 'bluesky' }],
    ['of another format', { day: 20, assetKinds: ['video', 'written'] }],
    ['older than 90 days', { day: 99 }],
    ['published later', { day: 0 }],
  ])('none %s', async (_, piece) => {
    const of = await withPieces();
    const { row } = await review({ ...piece, shares: 12, of });
    expect(row('item')?.comparison).toBeUndefined();
    await expectComparison(of);
  });

  it('nothing that the latest review of a piece no longer says', async () => {
    const of = await makeWorkspace(database.db);
    const { key } = await publish({ day: 0, shares: 5, of });
    const publishedAt = new Date(FIRST_DAY_MS).toISOString();
    const save = (channels: string, ages: number[]) =>
      saveFigures(database.db, {
        ...key,
        formats: 'written',
        parts: [{ scope: 'item', kind: 'item', channels, publishedAt }],
        figures: ages.map((ageHours) => ({
          scope: 'item' as const,
          ageHours,
          figures: { 'shares:shares': ageHours },
        })),
      });
    const pastOf = async (channels: string) => {
      const later = new Date(FIRST_DAY_MS + 30 * DAY_MS).toISOString();
      const past = await listPastFigures(database.db, {
        ...key,
        itemId: 'itm_other',
        formats: 'written',
        parts: [{ scope: 'item', kind: 'item', channels, publishedAt: later }],
        ages: [24, 168],
      });
      return past.map(({ ageHours }) => ageHours).sort((a, b) => a - b);
    };
    await save('sandbox', [24, 168]);
    expect(await pastOf('sandbox')).toEqual([24, 168]);
    await save('bluesky+sandbox', [24]);
    expect(await pastOf('sandbox')).toEqual([]);
    expect(await pastOf('bluesky+sandbox')).toEqual([24]);
    await save('bluesky+sandbox', []);
    expect(await pastOf('bluesky+sandbox')).toEqual([]);
  });

  it('none of another workspace', async () => {
    const of = await withPieces();
    const other = await makeWorkspace(database.db);
    const { row } = await review({ day: 20, shares: 12, of: other });
    expect(row('item')?.comparison).toBeUndefined();
    await expectComparison(of);
    // Row security is a second wall: the owner of the tables, whom it does not hold, is kept by the query.
    const ofOwner = ({ workspaceId }: TestWorkspace) =>
      pastOf({ workspaceId, itemId: 'itm_other' });
    expect(await ofOwner(of)).not.toEqual([]);
    expect(await ofOwner(await makeWorkspace(database.db))).toEqual([]);
  });

  it('a hundred at most, the latest ones', async () => {
    const of = await makeWorkspace(database.db);
    const { itemId } = await review({ day: 0, shares: 5, of });
    const { workspaceId } = of;
    await database.db.$client.query(
      'alter table kpi_figures drop constraint kpi_figures_workspace_id_item_id_fkey',
    );
    await database.db.$client.query(
      `insert into kpi_figures
       select workspace_id, 'itm_' || n, scope, age_hours, kind, channels, formats,
              published_at + make_interval(mins => n), jsonb_build_object('shares:shares', n)
       from kpi_figures, generate_series(1, 300) n where item_id = $1 and scope = 'item'`,
      [itemId],
    );
    const [past] = await pastOf({ workspaceId, itemId });
    expect(past?.values.toSorted((a, b) => a - b)).toEqual(
      Array.from({ length: 100 }, (_, index) => index + 201),
    );
  });
});

describe('a growth', () => {
  const AGES = [
    ['+24h', 1],
    ['+7d', 10],
  ] as const;

  /** A piece whose impressions grow tenfold within the week, with its review frozen. */
  async function grow(of: TestWorkspace, day: number, impressions: number) {
    const piece = await publishPiece(database, of, { day, shares: 5 });
    for (const [checkpoint, times] of AGES) {
      await readPiece(database.db, piece, { impressions: impressions * times }, { checkpoint });
    }
    const { hash } = await freezePiece(database, piece);
    return { ...piece, hash };
  }

  /** The run has heard of the review. */
  async function open({ itemId, hash }: Awaited<ReturnType<typeof grow>>) {
    const review = { id: `rev_${itemId}`, number: 1, hash, signOffs: [], extendTo: null };
    await database.pool.query(
      `update items set snapshot = jsonb_set(snapshot, '{context,reviews}', $2) where id = $1`,
      [itemId, JSON.stringify([review])],
    );
  }

  it('is drawn against own pieces at the same ages, as they were when it was frozen', async () => {
    const of = await makeWorkspace(database.db);
    const key = of.members.find(({ role }) => role === 'creator')?.key ?? '';
    const pieces = [1, 2, 3, 4, 5, 6, 7, 8].map((day) => grow(of, day, 100 * day));
    await Promise.all(pieces);
    const ninth = await grow(of, 10, 50);
    await open(ninth);
    const path = `/v1/items/${ninth.itemId}/kpi-review`;
    const { json } = await api.call(key, 'GET', path);
    KpiReview.strict().parse(json);
    expect(json).toMatchObject({ frozen: true, hash: ninth.hash });
    const beside = (times: number) => ({
      pieces: 8,
      median: 450 * times,
      low: 100 * times,
      high: 800 * times,
    });
    expect(json.growth).toEqual({
      measure: 'impressions',
      points: AGES.map(([checkpoint, times]) => ({
        checkpoint,
        value: 50 * times,
        have: 1,
        of: 1,
        ownPieces: beside(times),
      })),
    });
    const headers = { accept: 'text/html' };
    const { text: page } = await api.call(key, 'GET', path, { headers });
    expect(page).toContain('<polygon');
    expect(page).toContain('median 4,500 (1,000 to 8,000) of 8');

    // Of the days before it, and frozen after it.
    await grow(of, 9, 1_000);
    expect((await api.call(key, 'GET', path)).json).toEqual(json);
    const preview = await publishPiece(database, of, { day: 11, shares: 5 });
    await readPiece(database.db, preview, { impressions: 10 }, { checkpoint: '+24h' });
    const { json: early } = await api.call(key, 'GET', `/v1/items/${preview.itemId}/kpi-review`);
    expect(early.frozen).toBe(false);
    expect(early.growth.points).toMatchObject([{ checkpoint: '+24h', ownPieces: { pieces: 10 } }]);
  });

  it('says why it has no band, and knows no piece of another workspace', async () => {
    const of = await makeWorkspace(database.db);
    const key = of.members.find(({ role }) => role === 'creator')?.key ?? '';
    await grow(of, 1, 100);
    const second = await grow(of, 2, 100);
    await open(second);
    const path = `/v1/items/${second.itemId}/kpi-review`;
    const headers = { accept: 'text/markdown' };
    const { text } = await api.call(key, 'GET', path, { headers });
    expect(text).toContain('No band of own pieces: fewer than 8 own pieces have this measure');
    const { json } = await api.call(key, 'GET', path);
    const none = { pieces: 1, median: null, low: null, high: null };
    expect(json.growth.points.map(({ ownPieces }: Json) => ownPieces)).toEqual([none, none]);
  });
});

describe('the guardrails of a brief', () => {
  it.each([
    ['an unknown KPI', [{ kpi: 'charm', checkpoint: '+7d' }], 'brief.guardrails.0.kpi'],
    ['no age', [{ kpi: 'sentiment' }], 'brief.guardrails.0.checkpoint'],
    ['a target', [{ kpi: 'sentiment', checkpoint: '+7d', target: 3 }], 'brief.guardrails.0.target'],
  ])('are refused with %s, by its place', async (_, guardrails, path) => {
    const body = { title: 'An item', brief: { guardrails } };
    const { status, json } = await api.as('strategist', 'POST', '/v1/items', { body });
    expect(status).toBe(400);
    expect(json.issues[0].path).toBe(path);
  });

  it('are kept with it', async () => {
    const brief: Brief = { guardrails: [{ kpi: 'sentiment', checkpoint: '+7d' }] };
    const itemId = await api.start({ brief });
    const { hash } = digestBrief(brief, 1);
    const { json } = await api.as('creator', 'GET', `/v1/items/${itemId}/brief?hash=${hash}`);
    expect(json.brief).toEqual(brief);
  });
});
