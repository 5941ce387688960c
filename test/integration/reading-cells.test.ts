import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { rolledParts } from '../../src/api/roll-up/rolled-parts.ts';
import { sumCells } from '../../src/db/item/cell-sums.ts';
import { renewCells } from '../../src/db/item/reading-cells.ts';
import { appendReadings } from '../../src/db/item/readings.ts';
import { insertCampaign } from '../../src/db/workspace/campaigns.ts';
import { insertChannelAccount } from '../../src/db/workspace/channel-accounts.ts';
import { inWorkspace } from '../../src/db/workspace-scope.ts';
import { KPI_IDS } from '../../src/domain/kpi/catalogue.ts';
import { MEASURE_IDS } from '../../src/domain/kpi/measure-rules.ts';
import type { Reading } from '../../src/domain/kpi/measures.ts';
import type { AlikeItems } from '../../src/domain/kpi/roll-up/alike-items.ts';
import {
  makeItem,
  makeWorkspace,
  type OpenTestDb,
  openTestDb,
  type TestWorkspace,
} from '../support/db-fixture.ts';

let database: OpenTestDb;
let workspace: TestWorkspace;
let accounts: string[];
beforeAll(async () => {
  database = await openTestDb();
  workspace = await makeWorkspace(database.db);
  const { workspaceId } = workspace;
  const made = [1, 2].map((number) =>
    insertChannelAccount(database.db, {
      workspaceId,
      channel: 'sandbox',
      name: `account ${number}`,
      zone: 'Europe/Paris',
    }),
  );
  accounts = (await Promise.all(made)).map(({ id }) => id).sort();
});
afterAll(() => database.close());

interface GivenReading {
  measure: Reading['measure'];
  value: number;
  checkpoint: Reading['checkpoint'];
  /** -1: the item; 0, 1: an account; 2 and on: a post. */
  place: number;
  minute: number;
  isStated: boolean;
  isProvisional: boolean;
}

interface GivenItem {
  posts: number[];
  readings: GivenReading[];
}

const FEW_MEASURES = MEASURE_IDS.filter((id) =>
  /^(impressions|reactions|shares|link_clicks|reach|followers|sessions|bounces)$/.test(id),
);

const givenItem: fc.Arbitrary<GivenItem> = fc.record({
  posts: fc.array(fc.constantFrom(0, 1), { maxLength: 3 }),
  readings: fc.array(
    fc.record({
      measure: fc.constantFrom(...FEW_MEASURES),
      value: fc.integer({ min: 0, max: 5_000 }),
      checkpoint: fc.constantFrom(undefined, 'baseline', '+24h', '+1d', '+7d'),
      place: fc.integer({ min: -1, max: 4 }),
      minute: fc.integer({ min: 0, max: 59 }),
      isStated: fc.boolean(),
      isProvisional: fc.boolean(),
    }),
    { maxLength: 20 },
  ),
});

/** Several items of each shape, so that some are added up as one. */
const givenItems = fc
  .array(fc.tuple(givenItem, fc.array(fc.integer({ min: 0, max: 900 }), { maxLength: 3 })), {
    minLength: 1,
    maxLength: 4,
  })
  .map((list) =>
    list.flatMap(([item, more]) => [
      item,
      ...more.map((extra) => ({
        ...item,
        readings: item.readings.map((reading, index) => ({
          ...reading,
          value: reading.value + extra * (index + 1),
          minute: (reading.minute + extra) % 60,
        })),
      })),
    ]),
  );

async function store(given: readonly GivenItem[]): Promise<{ id: string; items: AlikeItems[] }> {
  const { db } = database;
  const { workspaceId } = workspace;
  const createdBy = workspace.memberOf('creator');
  const { id } = await insertCampaign(db, { workspaceId, name: 'c', goal: 'attract', createdBy });
  const items: AlikeItems[] = [];
  for (const { posts, readings } of given) {
    const item = await makeItem(db, workspace, { campaignId: id });
    const publications = posts.map((account, index) => ({
      id: `pub_${item.id}_${index}`,
      channelAccountId: accounts[account] ?? '',
      state: 'published',
      publishedAt: `2026-03-0${index + 1}T08:00:00.000Z`,
    }));
    const unsent = { id: `pub_${item.id}_x`, state: 'planned' };
    for (const [index, { id: post, channelAccountId, state }] of [
      ...publications,
      ...(publications[0] === undefined ? [] : [{ ...publications[0], ...unsent }]),
    ].entries()) {
      await db.$client.query(
        `insert into publications (id, workspace_id, item_id, channel_account_id, channel,
           slot_number, state, at, local, zone, changed_seq)
         values ($1, $2, $3, $4, 'sandbox', $5, $6, now(), '', 'UTC', 1)`,
        [post, workspaceId, item.id, channelAccountId, index, state],
      );
    }
    const stored = await appendReadings(db, {
      workspaceId,
      itemId: item.id,
      additions: readings.map(
        ({ place, minute, isStated, isProvisional, checkpoint, ...rest }) => ({
          ...rest,
          ...(checkpoint !== undefined && { checkpoint }),
          ...(place >= 2 && { publicationId: publications[place - 2]?.id ?? unsent.id }),
          ...((place === 0 || place === 1) && { channelAccountId: accounts[place] ?? '' }),
          asOf: `2026-03-09T08:${String(minute).padStart(2, '0')}:00.000Z`,
          source: isStated ? 'manual' : 'sandbox',
          ...(isStated && { createdBy }),
          provisional: isProvisional,
        }),
      ),
    });
    items.push({
      itemId: item.id,
      publications,
      readings: stored.map(
        ({ publicationId, channelAccountId, checkpoint, createdBy: by, definition, ...rest }) => ({
          ...rest,
          ...(publicationId !== null && { publicationId }),
          ...(channelAccountId !== null && { channelAccountId }),
          ...(checkpoint !== null && { checkpoint: checkpoint as Reading['checkpoint'] & string }),
          ...(by !== null && { createdBy: by }),
          ...(definition !== null && { definition }),
        }),
      ),
    });
  }
  return { id, items };
}

const REQUEST = { kpis: KPI_IDS, limit: 100, after: '' };

describe('cells that the database adds up', () => {
  it('give the figures that the domain gives for the readings one by one', async () => {
    await inWorkspace(workspace, () =>
      fc.assert(
        fc.asyncProperty(givenItems, async (given) => {
          const { id, items } = await store(given);
          const filter = { workspaceId: workspace.workspaceId, campaignIds: [id] };
          await renewCells(database.program, filter);
          const { groups } = await sumCells(database.program, {
            ...filter,
            group: 'all',
            maxItems: 100,
          });
          const summed = groups.get('') ?? [];
          for (const level of ['whole', 'channel'] as const) {
            expect(rolledParts({ ...REQUEST, items: summed, level })).toEqual(
              rolledParts({ ...REQUEST, items, level }),
            );
          }
        }),
        { numRuns: 40 },
      ),
    );
  });

  it('are the latest, however many renew them while readings come', async () => {
    const { id, items } = await store([{ posts: [0], readings: [] }]);
    const { workspaceId } = workspace;
    const [item] = items;
    const itemId = item?.itemId ?? '';
    const filter = { workspaceId, campaignIds: [id] };
    await inWorkspace(workspace, async () => {
      const add = (minute: number) =>
        appendReadings(database.program, {
          workspaceId,
          itemId,
          additions: [
            {
              measure: 'impressions',
              value: minute,
              asOf: `2026-03-09T08:${String(minute).padStart(2, '0')}:00.000Z`,
              source: 'sandbox',
              provisional: false,
              checkpoint: '+7d',
            },
          ],
        });
      for (let round = 0; round < 5; round += 1) {
        const minutes = Array.from({ length: 4 }, (_, index) => round * 4 + index);
        await Promise.all(
          minutes.flatMap((minute) => [add(minute), renewCells(database.program, filter)]),
        );
      }
      await renewCells(database.program, filter);
      const request = { ...filter, group: 'all', maxItems: 9 } as const;
      const { groups } = await sumCells(database.program, request);
      expect(groups.get('')?.[0]?.readings.map(({ value }) => value)).toEqual([19]);
    });
  });

  it('are renewed however much was noted: more than a query takes parameters', async () => {
    const reading: GivenReading = {
      measure: 'impressions',
      value: 3,
      checkpoint: '+7d',
      place: -1,
      minute: 0,
      isStated: false,
      isProvisional: false,
    };
    const { id, items } = await store([{ posts: [0], readings: [reading] }]);
    const { workspaceId } = workspace;
    const itemId = items[0]?.itemId ?? '';
    const filter = { workspaceId, campaignIds: [id] };
    // Each statement that adds readings notes its items.
    await database.pool.query(
      `insert into reading_additions (workspace_id, item_id)
       select $1, $2 from generate_series(1, 70000)`,
      [workspaceId, itemId],
    );
    await inWorkspace(workspace, async () => {
      await renewCells(database.program, filter);
      const { groups } = await sumCells(database.program, { ...filter, group: 'all', maxItems: 9 });
      expect(groups.get('')?.[0]?.readings.map(({ value }) => value)).toEqual([3]);
    });
    const { rows } = await database.pool.query(
      'select count(*)::integer as left from reading_additions where item_id = $1',
      [itemId],
    );
    expect(rows).toEqual([{ left: 0 }]);
  });

  it('of more items than may be added up are not, and the answer says so', async () => {
    const { id } = await store([
      { posts: [0], readings: [] },
      { posts: [1], readings: [] },
    ]);
    const request = { ...workspace, campaignIds: [id], group: 'all', maxItems: 1 } as const;
    await inWorkspace(workspace, async () => {
      expect((await sumCells(database.program, request)).tooMany).toBe(true);
      expect((await sumCells(database.program, { ...request, maxItems: 2 })).tooMany).toBe(false);
    });
  });
});
