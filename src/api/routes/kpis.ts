import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi';
import { getCampaignReview } from '../../db/campaign/reviews.ts';
import { type CellGroup, sumCells } from '../../db/item/cell-sums.ts';
import { getItem } from '../../db/item/items.ts';
import { listMeasuredItems } from '../../db/item/posts-out.ts';
import { type CellFilter, renewCells } from '../../db/item/reading-cells.ts';
import {
  decodeTextCursor,
  encodeCursor,
  type Page,
  type PageRequest,
  pageLimit,
} from '../../db/paging.ts';
import { getCampaign, listCampaigns } from '../../db/workspace/campaigns.ts';
import { getChannelAccount } from '../../db/workspace/channel-accounts.ts';
import { Instant } from '../../domain/instant.ts';
import { KPI_IDS, kpiDefinition } from '../../domain/kpi/catalogue.ts';
import { CheckpointName } from '../../domain/kpi/checkpoint-name.ts';
import type { AlikeItems } from '../../domain/kpi/roll-up/alike-items.ts';
import { OWNER_ROLES, type OwnerRole } from '../../domain/people/roles.ts';
import { runInThread } from '../../threads/threads.ts';
import type { ApiDeps } from '../deps.ts';
import type { ApiEnv } from '../gates/context.ts';
import { invalidRequest, notFound, problems } from '../gates/errors.ts';
import { forRoles } from '../gates/require-role.ts';
import { besideReview } from '../roll-up/beside-review.ts';
import {
  type PartsRequest,
  ROLLED_PARTS,
  RolledPart,
  rolledParts,
} from '../roll-up/rolled-parts.ts';
import { answers, pageAnswers, pageOf } from '../route-answers.ts';
import { idParams, paging, withKey } from '../route-parts.ts';

/** What one request adds up at most. */
const MAX_ITEMS = 10_000;
/** Sums that take less than the way to a thread. */
const ADDED_HERE = 2_000;

const checkpoint = CheckpointName.optional().meta({
  description: 'an age such as `+7d`; every one that readings name when left out, 20 at most',
});

const LEVELS = ['campaign', 'channel', 'item'] as const;

const KpiPart = RolledPart.extend({
  campaignId: z.string().optional().describe('where the part is a campaign'),
  name: z.string().optional().describe('of the campaign or the item'),
}).meta({ id: 'KpiPart' });

const campaignRoute = createRoute({
  ...withKey('get', 'Campaigns'),
  path: '/v1/campaigns/{id}/kpis',
  operationId: 'getCampaignKpis',
  summary: 'The KPIs of a campaign, by the roll-up rule of each',
  description:
    'Counts are added. Both sides of a rate are added over the same parts before it is divided. People are never added but under a `gross_` name. What is missing is named: `coverage` has `have` of `of` parts and the first of the missing ones. `level` chooses the campaign as a whole, its channel accounts or its items. Targets of the campaign are judged on the whole only: a part of it says that in its `reason`.',
  request: {
    params: idParams('id of the campaign', 'cmp_01KAMJ5SQ0'),
    query: z.strictObject({
      level: z.enum(LEVELS).default('campaign'),
      kpi: z.enum(KPI_IDS).optional(),
      checkpoint,
      ...paging,
    }),
  },
  responses: pageAnswers(KpiPart, 'A page of parts', 'not_found'),
});

/** Whose KPIs a view shows: every view is of the same readings. */
const VIEW_ROLES = {
  campaign: 'strategist',
  channel: 'social_media_manager',
  item: 'creator',
} as const satisfies Record<(typeof LEVELS)[number], OwnerRole>;

const idFilter = z.string().min(1).max(400).optional();

const viewRoute = createRoute({
  ...withKey('get', 'KPI review'),
  path: '/v1/kpis',
  operationId: 'listKpis',
  middleware: forRoles([...OWNER_ROLES, 'admin']),
  summary: 'One set of readings in three views: by campaign, channel account or item',
  description:
    'By campaign with the KPIs of the strategist, by channel account with those of the social media manager, by item with those of the creator. The numbers are the same: each is rolled up by its own rule from the same readings. `from` and `to` ask for items whose first post went out between them. Targets of a campaign are judged on all of it: with a filter that leaves out items, posts or times, the verdict is `no_target` and the `reason` names the target.',
  request: {
    query: z
      .strictObject({
        view: z.enum(LEVELS),
        campaignId: idFilter,
        channelAccountId: idFilter,
        itemId: idFilter,
        from: Instant.optional(),
        to: Instant.optional(),
        checkpoint,
        ...paging,
      })
      .refine(
        ({ from, to }) =>
          from === undefined || to === undefined || Date.parse(from) < Date.parse(to),
        { message: 'is not after `from`', path: ['to'] },
      ),
  },
  responses: {
    200: answers(pageOf(KpiPart), 'A page of parts'),
    ...problems('invalid_request', 'unauthenticated', 'forbidden', 'not_found'),
  },
});

type Part = z.infer<typeof KpiPart>;

type AskedParts = Pick<PartsRequest, 'kpis' | 'targets' | 'isSlice' | 'checkpoint'> & PageRequest;

export function kpiRoutes({ db }: Pick<ApiDeps, 'db'>) {
  return new OpenAPIHono<ApiEnv>()
    .openapi(campaignRoute, async (c) => {
      const { workspaceId } = c.get('caller');
      const { id: campaignId } = c.req.valid('param');
      const { level, kpi, ...page } = c.req.valid('query');
      const campaign = await getCampaign(db, { workspaceId, campaignId });
      if (campaign === null) throw notFound('campaign', campaignId);
      const kpis = kpi === undefined ? KPI_IDS : [kpi];
      const filter = { workspaceId, campaignIds: [campaignId] };
      const asked = { ...page, kpis, targets: campaign.kpiTargets };
      if (level === 'item') return c.json(await itemPage(filter, { ...asked, isSlice: true }), 200);
      if (level === 'channel') {
        return c.json(await partPage(filter, { ...asked, level, isSlice: true }), 200);
      }
      const whole = await partPage(filter, { ...asked, level: 'whole' });
      const review = await getCampaignReview(db, { workspaceId, campaignId });
      return c.json(review === null ? whole : await besideReview(db, whole, review), 200);
    })
    .openapi(viewRoute, async (c) => {
      const { workspaceId } = c.get('caller');
      const { view, campaignId, itemId, channelAccountId, from, to, ...page } =
        c.req.valid('query');
      await findFilters({ workspaceId, campaignId, itemId, channelAccountId });
      const kpis = KPI_IDS.filter((one) => kpiDefinition(one).roles.includes(VIEW_ROLES[view]));
      const filter: CellFilter = {
        workspaceId,
        campaignIds: campaignId === undefined ? undefined : [campaignId],
        itemIds: itemId === undefined ? undefined : [itemId],
        channelAccountId,
        from,
        to,
      };
      switch (view) {
        case 'campaign':
          return c.json(await campaignPage(filter, { ...page, kpis }), 200);
        case 'channel':
          return c.json(await partPage(filter, { ...page, level: view, kpis }), 200);
        case 'item':
          return c.json(await itemPage(filter, { ...page, kpis }), 200);
      }
    });

  async function findFilters(ids: {
    workspaceId: string;
    campaignId?: string | undefined;
    itemId?: string | undefined;
    channelAccountId?: string | undefined;
  }): Promise<void> {
    const { workspaceId, campaignId, itemId, channelAccountId } = ids;
    const [campaign, item, account] = await Promise.all([
      campaignId === undefined ? undefined : getCampaign(db, { workspaceId, campaignId }),
      itemId === undefined ? undefined : getItem(db, { workspaceId, itemId }),
      channelAccountId === undefined
        ? undefined
        : getChannelAccount(db, { workspaceId, channelAccountId }),
    ]);
    if (campaign === null) throw notFound('campaign', String(campaignId));
    if (item === null) throw notFound('item', String(itemId));
    if (account === null) throw notFound('channel account', String(channelAccountId));
  }

  async function cellsOf(
    filter: CellFilter,
    group: CellGroup,
    asked: string | undefined,
  ): Promise<Map<string, AlikeItems[]>> {
    await renewCells(db, filter);
    const request = { ...filter, group, checkpoint: asked, maxItems: MAX_ITEMS };
    const { tooMany, groups } = await sumCells(db, request);
    if (tooMany) {
      const message = `asks for more than ${MAX_ITEMS} items: name a campaign or a channel account, or a shorter time`;
      throw invalidRequest([{ path: 'from', in: 'query', message }]);
    }
    return groups;
  }

  /** The whole, or its channel accounts by id. */
  async function partPage(
    filter: CellFilter,
    asked: AskedParts & Pick<PartsRequest, 'level'>,
  ): Promise<Page<RolledPart>> {
    const { cursor, limit, ...request } = asked;
    const [after = ''] = cursor === undefined ? [] : decodeTextCursor(cursor, 1);
    const groups = await cellsOf(filter, 'all', asked.checkpoint);
    const items = groups.get('') ?? [];
    const { parts, more } = await roll(
      { ...request, items, limit: pageLimit({ limit }), after },
      filter,
    );
    const last = parts.at(-1);
    return { items: parts, nextCursor: more && last ? encodeCursor([last.scope]) : null };
  }

  async function itemPage(
    filter: CellFilter,
    { kpis, targets, isSlice, checkpoint: at, ...page }: AskedParts,
  ): Promise<Page<Part>> {
    const found = await listMeasuredItems(db, { ...filter, ...page });
    const itemIds = found.items.map(({ id }) => id);
    if (itemIds.length === 0) return { items: [], nextCursor: null };
    const groups = await cellsOf({ ...filter, itemIds }, 'item', at);
    const items = [...groups.values()].flat();
    const request = { kpis, targets, isSlice, checkpoint: at, items, level: 'item' as const };
    const { parts } = await roll({ ...request, limit: items.length, after: '' }, filter);
    const titles = new Map(found.items.map(({ id, title }) => [`item:${id}`, title]));
    return {
      items: parts.map((part) => ({ ...part, name: titles.get(part.scope) ?? '' })),
      nextCursor: found.nextCursor,
    };
  }

  async function campaignPage(
    filter: CellFilter,
    { kpis, checkpoint: at, ...page }: AskedParts,
  ): Promise<Page<Part>> {
    const [only] = filter.campaignIds ?? [];
    const { workspaceId } = filter;
    const found =
      only === undefined
        ? await listCampaigns(db, { workspaceId, ...page })
        : { items: [await getCampaign(db, { workspaceId, campaignId: only })], nextCursor: null };
    const campaigns = found.items.flatMap((campaign) => campaign ?? []);
    const campaignIds = campaigns.map(({ id }) => id);
    const groups = await cellsOf({ ...filter, campaignIds }, 'campaign', at);
    const items: Part[] = [];
    const isSlice = isNarrowed(filter);
    for (const { id: campaignId, name, kpiTargets: targets } of campaigns) {
      const request = { kpis, checkpoint: at, targets, isSlice, level: 'whole' as const };
      const own = { ...request, items: groups.get(campaignId) ?? [], limit: 1, after: '' };
      const { parts } = await roll(own, filter);
      items.push(...parts.map((part) => ({ ...part, campaignId, name })));
    }
    return { items, nextCursor: found.nextCursor };
  }
}

/** Leaves items, posts or times of a campaign out. */
function isNarrowed({ itemIds, channelAccountId, from, to }: CellFilter): boolean {
  return [itemIds, channelAccountId, from, to].some((asked) => asked !== undefined);
}

/** Beside the event loop where it takes long. */
async function roll(request: PartsRequest, { workspaceId }: CellFilter) {
  const cells = request.items.reduce((count, { readings }) => count + readings.length, 0);
  if (cells <= ADDED_HERE) return rolledParts(request);
  return runInThread(ROLLED_PARTS, request, { workspaceId });
}
