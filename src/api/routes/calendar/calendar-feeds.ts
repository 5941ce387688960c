import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi';
import { readFeed, readFeedVersion } from '../../../db/calendar/calendar.ts';
import {
  type CalendarFeed,
  countCalendarFeeds,
  createCalendarFeed,
  findCalendarFeed,
  listCalendarFeeds,
  revokeCalendarFeed,
} from '../../../db/calendar/calendar-feeds.ts';
import { getCampaign } from '../../../db/workspace/campaigns.ts';
import { getChannelAccount } from '../../../db/workspace/channel-accounts.ts';
import { inWorkspace } from '../../../db/workspace-scope.ts';
import { createFlights } from '../../../threads/flights.ts';
import { createMemo } from '../../../threads/memo.ts';
import { runInThread } from '../../../threads/threads.ts';
import { CALENDAR_FEED, calendarFeed } from '../../calendar-feed.ts';
import type { ApiDeps } from '../../deps.ts';
import {
  addressOf,
  admitCaller,
  type Limits,
  proveInTurn,
  refuseStranger,
} from '../../gates/authenticate.ts';
import type { ApiEnv } from '../../gates/context.ts';
import { ApiError, invalidRequest, notFound, problems } from '../../gates/errors.ts';
import { once } from '../../gates/idempotency.ts';
import { publicAddress } from '../../public-address.ts';
import { additionAnswers, pageAnswers, pageView, removalAnswers } from '../../route-answers.ts';
import {
  body,
  InstantText,
  idempotent,
  idParams,
  PUBLIC,
  paging,
  withKey,
} from '../../route-parts.ts';

const Feed = z
  .object({
    id: z.string(),
    channelAccountId: z.string().nullable(),
    campaignId: z.string().nullable(),
    createdAt: InstantText,
  })
  .meta({ id: 'CalendarFeed' });

const NewFeed = z
  .strictObject({
    channelAccountId: z.string().min(1).max(64).optional(),
    campaignId: z.string().min(1).max(64).optional(),
  })
  .meta({ id: 'NewCalendarFeed' });

const CreatedFeed = z
  .object({
    id: z.string(),
    url: z
      .string()
      .describe(
        'shown once; whoever has it can read the feed; a path of this server where its public address is not configured',
      ),
  })
  .meta({ id: 'CreatedCalendarFeed' });

const DAY_MS = 86_400_000;
const PAST_DAYS = 90;
const AHEAD_DAYS = 365;
/** Entries at most: what lies ahead comes first. */
const MAX_EVENTS = 5_000;
const MAX_FEEDS = 50;
/** Entries that take less than the way to a thread. */
const RENDERED_HERE = 50;
/** Feeds whose text is kept: one of 5,000 entries has about two megabytes. */
const MAX_TEXTS = 16;
/** Up with every change of how a feed is written. */
const RENDERING = 'feed1';

const listRoute = createRoute({
  ...withKey('get', 'Calendar'),
  path: '/v1/calendar/feeds',
  operationId: 'listCalendarFeeds',
  summary: 'Your own feeds, without their addresses, oldest first',
  request: { query: z.strictObject(paging) },
  responses: pageAnswers(Feed, 'A page of feeds'),
});

const addRoute = createRoute({
  ...idempotent('post', 'Calendar'),
  path: '/v1/calendar/feeds',
  operationId: 'addCalendarFeed',
  summary: 'Make a secret address for calendar programs',
  request: { body: body(NewFeed, {}) },
  responses: additionAnswers(CreatedFeed, 'Made'),
});

const revokeRoute = createRoute({
  ...withKey('delete', 'Calendar'),
  path: '/v1/calendar/feeds/{id}',
  operationId: 'revokeCalendarFeed',
  summary: 'End a feed for good: any feed as admin, otherwise your own',
  request: { params: idParams('id of the feed', 'fed_01KAMJ5SQ0') },
  responses: removalAnswers('Ended'),
});

const readRoute = createRoute({
  method: 'get',
  path: '/v1/calendar.ics',
  operationId: 'readCalendarFeed',
  tags: ['Calendar'],
  summary: 'The calendar for calendar programs; its secret is its credential',
  description: `From ${PAST_DAYS} days ago to ${AHEAD_DAYS} days ahead, ${MAX_EVENTS} entries at most: those from today on first, then the latest of those before. What was missed, or of which nobody knows whether it went out, is \`TENTATIVE\` and says so in its summary. Titles under embargo are masked. Other query parameters are ignored. Unknown and revoked addresses are the same 404.`,
  security: PUBLIC,
  request: {
    // Calendar programs add parameters of their own.
    query: z.object({ token: z.string().max(100).meta({ description: 'of the address' }) }),
  },
  responses: {
    200: {
      description: 'The feed',
      content: { 'text/calendar': { schema: z.string() } },
      headers: { ETag: { schema: { type: 'string' as const } } },
    },
    304: {
      description: 'Nothing has changed since the ETag in `If-None-Match`',
      headers: { ETag: { schema: { type: 'string' as const } } },
    },
    ...problems('invalid_request', 'not_found'),
  },
});

export function calendarFeedRoutes(
  { db, settings }: Pick<ApiDeps, 'db' | 'settings'>,
  limits: Limits,
) {
  const texts = createMemo<string>({ entries: MAX_TEXTS });
  const versions = createFlights<string>();

  return new OpenAPIHono<ApiEnv>()
    .openapi(listRoute, async (c) => {
      const { workspaceId, memberId } = c.get('caller');
      const page = await listCalendarFeeds(db, { workspaceId, memberId, ...c.req.valid('query') });
      return c.json(pageView(page, feedView), 200);
    })
    .openapi(addRoute, async (c) => {
      const { workspaceId, memberId } = c.get('caller');
      const { channelAccountId = null, campaignId = null } = c.req.valid('json');
      const answer = await once(c, { db, status: 201 }, async (tx) => {
        if (
          channelAccountId !== null &&
          (await getChannelAccount(tx, { workspaceId, channelAccountId })) === null
        ) {
          const message = 'is not a channel account of this workspace';
          throw invalidRequest([{ path: 'channelAccountId', message }]);
        }
        if (campaignId !== null && (await getCampaign(tx, { workspaceId, campaignId })) === null) {
          const message = 'is not a campaign of this workspace';
          throw invalidRequest([{ path: 'campaignId', message }]);
        }
        if ((await countCalendarFeeds(tx, { workspaceId, memberId })) >= MAX_FEEDS) {
          throw new ApiError('conflict', {
            detail: `you have ${MAX_FEEDS} feeds: revoke one first`,
          });
        }
        const feed = { workspaceId, memberId, channelAccountId, campaignId };
        const { id, secret } = await createCalendarFeed(tx, feed);
        const path = `/v1/calendar.ics?${new URLSearchParams({ token: secret })}`;
        return { id, url: publicAddress(c, settings, path) };
      });
      c.header('Cache-Control', 'no-store');
      return c.json(answer, 201);
    })
    .openapi(revokeRoute, async (c) => {
      const { workspaceId, memberId, roles } = c.get('caller');
      const { id } = c.req.valid('param');
      const own = roles.includes('admin') ? undefined : memberId;
      const revoked = await revokeCalendarFeed(db, { workspaceId, id, memberId: own });
      if (!revoked) throw notFound('calendar feed', id);
      return c.body(null, 204);
    })
    .openapi(readRoute, async (c) => {
      const { token } = c.req.valid('query');
      const address = addressOf(c, settings);
      const feed = await proveInTurn(limits, address, () => findCalendarFeed(db, token));
      if (feed === null) {
        const unknown = new ApiError('not_found', { detail: 'there is no such feed' });
        throw refuseStranger(limits, address, unknown);
      }
      const { workspaceId, channelAccountId, campaignId } = feed;
      await admitCaller(limits, { id: feed.id, workspaceId });
      const nowMs = Date.now();
      // Whole days, so that the same posts are the same feed from one minute to the next.
      const today = nowMs - (nowMs % DAY_MS);
      const range = {
        from: new Date(today - PAST_DAYS * DAY_MS).toISOString(),
        to: new Date(today + AHEAD_DAYS * DAY_MS).toISOString(),
      };
      const version = await versions.get(JSON.stringify([workspaceId, range.from]), () =>
        inWorkspace(feed, () => readFeedVersion(db, { workspaceId, ...range, nowMs })),
      );
      const etag = `"${RENDERING}.${version}.${today / DAY_MS}"`;
      c.header('ETag', etag);
      c.header('Cache-Control', 'private, no-cache');
      if (c.req.header('if-none-match') === etag) return c.body(null, 304);
      const text = await texts.get(
        JSON.stringify([workspaceId, channelAccountId, campaignId, etag]),
        async () => {
          const rows = await inWorkspace(feed, () =>
            readFeed(db, {
              workspaceId,
              ...range,
              limit: MAX_EVENTS,
              now: new Date(today).toISOString(),
              ...(channelAccountId !== null && { channelAccountId }),
              ...(campaignId !== null && { campaignId }),
            }),
          );
          const shown = { rows, ...range, nowMs };
          return rows.length > RENDERED_HERE
            ? runInThread(CALENDAR_FEED, shown, { workspaceId })
            : calendarFeed(shown);
        },
      );
      return c.body(text, 200, { 'Content-Type': 'text/calendar; charset=utf-8' });
    });
}

function feedView({
  id,
  channelAccountId,
  campaignId,
  createdAt,
}: CalendarFeed): z.infer<typeof Feed> {
  return { id, channelAccountId, campaignId, createdAt };
}
