import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi';
import { sumCells } from '../../db/item/cell-sums.ts';
import { listPostsOut } from '../../db/item/posts-out.ts';
import { renewCells } from '../../db/item/reading-cells.ts';
import { getChannelAccount } from '../../db/workspace/channel-accounts.ts';
import { getWorkspace } from '../../db/workspace/workspaces.ts';
import { CheckpointName } from '../../domain/kpi/checkpoint-name.ts';
import { OWNER_ROLES } from '../../domain/people/roles.ts';
import { weekBefore, weekOf } from '../../time/iso-week.ts';
import type { ApiDeps } from '../deps.ts';
import type { ApiEnv } from '../gates/context.ts';
import { invalidRequest, notFound, problems } from '../gates/errors.ts';
import { forRoles } from '../gates/require-role.ts';
import { ChannelReport, channelReport } from '../roll-up/channel-report.ts';
import { REPORT_FORMATS, reportCsv, reportMarkdown } from '../roll-up/written-report.ts';
import { idParams, withKey } from '../route-parts.ts';

/** Of a week, on one account. */
const MAX_POSTS = 500;

const reportRoute = createRoute({
  ...withKey('get', 'KPI review'),
  path: '/v1/reports/channel-accounts/{id}',
  operationId: 'getChannelReport',
  middleware: forRoles([...OWNER_ROLES, 'admin']),
  summary: 'The performance of a channel account in one week, beside the week before',
  description:
    'The week runs from Monday in the zone of the workspace. Posts that went out in it are read at one age, so that both weeks are compared fairly. Best and worst are told by the first KPI that two posts have a figure of. `format` chooses JSON, Markdown or CSV; no cell of the CSV is a formula.',
  request: {
    params: idParams('id of the channel account', 'cha_01KAMJ5SQ0'),
    query: z.strictObject({
      week: z
        .string()
        .regex(/^\d{4}-W\d{2}$/, 'is a week such as "2026-W49"')
        .meta({ example: '2026-W49' }),
      format: z.enum(REPORT_FORMATS).default('json'),
      checkpoint: CheckpointName.default('+24h').meta({
        description: 'the age at which each post is read',
      }),
    }),
  },
  responses: {
    200: {
      description: 'The report',
      content: {
        'application/json': { schema: ChannelReport },
        'text/markdown': { schema: z.string() },
        'text/csv': { schema: z.string() },
      },
    },
    ...problems('invalid_request', 'unauthenticated', 'forbidden', 'not_found'),
  },
});

export function reportRoutes({ db }: Pick<ApiDeps, 'db'>) {
  return new OpenAPIHono<ApiEnv>().openapi(reportRoute, async (c) => {
    const { workspaceId } = c.get('caller');
    const { id: channelAccountId } = c.req.valid('param');
    const { week: asked, format, checkpoint } = c.req.valid('query');
    const [account, workspace] = await Promise.all([
      getChannelAccount(db, { workspaceId, channelAccountId }),
      getWorkspace(db, { workspaceId }),
    ]);
    if (account === null || workspace === null) {
      throw notFound('channel account', channelAccountId);
    }
    const { zone } = workspace.calendar;
    const week = weekOf({ week: asked, zone });
    if (week === null) {
      throw invalidRequest([{ path: 'week', in: 'query', message: 'is no week of its year' }]);
    }
    const [posts, postsBefore] = await Promise.all([
      postsIn(week),
      postsIn(weekBefore(week, zone)),
    ]);
    const itemIds = [...new Set([...posts, ...postsBefore].map(({ itemId }) => itemId))];
    const filter = { workspaceId, channelAccountId, itemIds };
    await renewCells(db, filter);
    const { groups } = await sumCells(db, {
      ...filter,
      group: 'item',
      checkpoint,
      maxItems: 2 * MAX_POSTS,
    });
    const { name, channel } = account;
    const report = channelReport({
      channelAccountId,
      name,
      channel,
      ...week,
      zone,
      checkpoint,
      posts,
      postsBefore,
      items: [...groups.values()].flat(),
    });
    if (format === 'json') return c.json(report, 200);
    c.header('X-Content-Type-Options', 'nosniff');
    c.header('Content-Disposition', `attachment; filename="report-${week.week}.${format}"`);
    return format === 'csv'
      ? c.body(reportCsv(report), 200, { 'Content-Type': 'text/csv; charset=utf-8' })
      : c.body(reportMarkdown(report), 200, { 'Content-Type': 'text/markdown; charset=utf-8' });

    async function postsIn({ from, until }: { from: string; until: string }) {
      const range = { workspaceId, channelAccountId, from, to: until, limit: MAX_POSTS + 1 };
      const found = await listPostsOut(db, range);
      if (found.length <= MAX_POSTS) return found;
      const message = `has more than ${MAX_POSTS} posts on this account`;
      throw invalidRequest([{ path: 'week', in: 'query', message }]);
    }
  });
}
