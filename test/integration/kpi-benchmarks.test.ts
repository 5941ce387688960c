import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { kpiReviewActivities } from '../../src/activities/kpi-review.ts';
import { listPastFigures } from '../../src/db/item/kpi-figures.ts';
import { getKpiReview } from '../../src/db/item/kpi-reviews.ts';
import { appendReadings } from '../../src/db/item/readings.ts';
import { saveBrief } from '../../src/db/item/versions.ts';
import { inWorkspace } from '../../src/db/workspace-scope.ts';
import { digestBrief } from '../../src/domain/item/content/digests.ts';
import type { ItemContext, PublicationRecord } from '../../src/domain/item/context.ts';
import { ReviewVerdicts } from '../../src/domain/kpi/verdict-schema.ts';
import {
  firstRow,
  makeItem,
  makeWorkspace,
  type OpenTestDb,
  openTestDb,
  type TestWorkspace,
} from '../support/db-fixture.ts';

const DAY_MS = 86_400_000;
const START_MS = Date.parse('2026-01-01T08:00:00.000Z');

let database: OpenTestDb;
let workspace: TestWorkspace;
beforeAll(async () => {
  database = await openTestDb();
  workspace = await makeWorkspace(database.db);
});
afterAll(() => database?.close());

interface Piece {
  day: number;
  shares: number;
  channel?: string;
  assetKinds?: string[];
  of?: TestWorkspace;
}

/** Freezes the review of a piece with one post, as its run would. */
async function review({
  day,
  shares,
  channel = 'sandbox',
  assetKinds = ['written'],
  of = workspace,
}: Piece) {
  const { db } = database;
  const { id: itemId } = await makeItem(db, of);
  const key = { workspaceId: of.workspaceId, itemId };
  const body = {
    kpiTargets: [{ kpi: 'shares' as const, target: 100, checkpoint: '+7d' }],
    guardrails: [{ kpi: 'shares' as const, checkpoint: '+7d' }],
  };
  const digest = digestBrief(body, 1);
  const authorId = of.memberOf('strategist');
  await saveBrief(db, { ...key, hash: digest.hash, authorId, body });
  const publicationId = `pub_${itemId}`;
  const publishedAt = new Date(START_MS + day * DAY_MS).toISOString();
  await appendReadings(db, {
    ...key,
    additions: [
      {
        measure: 'shares',
        value: shares,
        checkpoint: '+7d',
        publicationId,
        source: 'sandbox',
        provisional: false,
        asOf: publishedAt,
      },
    ],
  });
  const publication = {
    id: publicationId,
    channelAccountId: `cha_${channel}`,
    channel,
    slotNumber: 1,
    state: 'published',
    at: publishedAt,
    publishedAt,
  } as PublicationRecord;
  const { snapshot } = firstRow(of, itemId);
  const context: ItemContext = {
    ...snapshot.context,
    brief: digest,
    draft: { ...({} as NonNullable<ItemContext['draft']>), assetKinds },
    publications: [publication],
  };
  const question = {
    ...key,
    reviewId: `rev_${itemId}`,
    number: 1,
    snapshot: { ...snapshot, context },
    at: publishedAt,
  };
  const { freezeReview } = kpiReviewActivities({ db: database.program });
  const freeze = () => inWorkspace(key, () => freezeReview(question));
  expect(await freeze()).toEqual(await freeze());
  const row = await getKpiReview(db, key);
  const verdicts = ReviewVerdicts.parse(row?.body['verdicts']);
  return {
    itemId,
    row: (scope: string) =>
      verdicts.rows.find((one) => one.kpi === 'shares' && one.scope === scope),
    guardrail: verdicts.guardrails?.find(({ scope }) => scope === 'item'),
    publication,
  };
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
    expect(ninth.row(`publication:${ninth.publication.id}`)).toMatchObject({ comparison });
    expect(ninth.guardrail).toMatchObject({ verdict: 'broken', limit: 10, comparison });
  });

  it.each([
    ['of another channel', { day: 20, channel: 'bluesky' }],
    ['of another format', { day: 20, assetKinds: ['video', 'written'] }],
    ['older than 90 days', { day: 110 }],
    ['published later', { day: 0 }],
  ])('none %s', async (_, piece) => {
    const { row } = await review({ ...piece, shares: 12 });
    expect(row('item')?.comparison).toBeUndefined();
  });

  it('none of another workspace', async () => {
    const { row } = await review({ day: 20, shares: 12, of: await makeWorkspace(database.db) });
    expect(row('item')?.comparison).toBeUndefined();
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
    const publishedAt = new Date(START_MS + 30 * DAY_MS).toISOString();
    const [past] = await listPastFigures(database.db, {
      workspaceId,
      itemId,
      formats: 'written',
      parts: [{ scope: 'item', kind: 'item', channels: 'sandbox', publishedAt }],
      ages: [168],
    });
    expect(past?.values.toSorted((a, b) => a - b)).toEqual(
      Array.from({ length: 100 }, (_, index) => index + 201),
    );
  });
});
