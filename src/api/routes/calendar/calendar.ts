import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi';
import { type BlackoutRow, findBlackouts, isBlackedOut } from '../../../db/calendar/blackouts.ts';
import { type CalendarRow, listCalendar } from '../../../db/calendar/calendar.ts';
import { QueryInstant } from '../../../domain/instant.ts';
import {
  PUBLICATION_STATES,
  type PublicationState,
  WAITING_STATES,
} from '../../../domain/item/publication-states.ts';
import { STAGES } from '../../../domain/item/stages.ts';
import { zoneWarnings } from '../../../time/zone-warnings.ts';
import type { ApiDeps } from '../../deps.ts';
import type { ApiEnv } from '../../gates/context.ts';
import { invalidRequest } from '../../gates/errors.ts';
import { pageAnswers, pageView } from '../../route-answers.ts';
import { InstantText, paging, withKey } from '../../route-parts.ts';

const CalendarEntry = z
  .object({
    publicationId: z.string(),
    itemId: z.string(),
    title: z.string(),
    stage: z.enum(STAGES),
    campaignId: z.string().nullable(),
    channelAccountId: z.string(),
    accountName: z.string().nullable(),
    channel: z.string(),
    state: z.enum(PUBLICATION_STATES).describe('tentative: held until it is approved'),
    at: InstantText,
    local: z.string().describe('wall time in `zone`'),
    zone: z.string(),
    tzVersion: z.string().nullable(),
    slotNumber: z.int(),
    embargoUntil: InstantText.nullable(),
    publishedAt: InstantText.nullable(),
    permalink: z.string().nullable(),
    evidence: z.string().nullable(),
    warnings: z.array(z.object({ code: z.string(), message: z.string() })),
  })
  .meta({ id: 'CalendarEntry' });

const DAY_MS = 86_400_000;
const DEFAULT_DAYS = 31;
const MAX_DAYS = 400;

const listRoute = createRoute({
  ...withKey('get', 'Calendar'),
  path: '/v1/calendar',
  operationId: 'readCalendar',
  summary: 'Held, planned and published posts by their planned time',
  request: {
    query: z.strictObject({
      from: QueryInstant.optional().meta({ description: 'now when left out' }),
      to: QueryInstant.optional().meta({
        description: `not included; ${DEFAULT_DAYS} days after \`from\` when left out`,
      }),
      channelAccountId: z.string().min(1).max(64).optional(),
      campaignId: z.string().min(1).max(64).optional(),
      cancelled: z
        .enum(['true', 'false'])
        .transform((text) => text === 'true')
        .optional()
        .meta({ description: 'with skipped, rejected and not live ones' }),
      ...paging,
    }),
  },
  responses: pageAnswers(CalendarEntry, 'A page of the calendar'),
});

export function calendarRoutes({ db }: Pick<ApiDeps, 'db'>) {
  return new OpenAPIHono<ApiEnv>().openapi(listRoute, async (c) => {
    const { workspaceId } = c.get('caller');
    const query = c.req.valid('query');
    const range = rangeOf(query);
    const page = await listCalendar(db, { ...query, ...range, workspaceId });
    const windows = await findBlackouts(db, { workspaceId, ...range });
    return c.json(
      pageView(page, (row) => entryView(row, windows)),
      200,
    );
  });
}

function rangeOf({ from, to }: { from?: string | undefined; to?: string | undefined }): {
  from: string;
  to: string;
} {
  const start = from === undefined ? Date.now() : Date.parse(from);
  const end = to === undefined ? start + DEFAULT_DAYS * DAY_MS : Date.parse(to);
  if (end <= start)
    throw invalidRequest([{ path: 'to', in: 'query', message: 'is not after `from`' }]);
  if (end - start > MAX_DAYS * DAY_MS) {
    const message = `is more than ${MAX_DAYS} days after \`from\``;
    throw invalidRequest([{ path: 'to', in: 'query', message }]);
  }
  return { from: new Date(start).toISOString(), to: new Date(end).toISOString() };
}

const MAY_STILL_GO_OUT: readonly PublicationState[] = [...WAITING_STATES, 'due'];

function entryView(
  { publication, title, campaignId, stage, accountName }: CalendarRow,
  windows: readonly BlackoutRow[],
): z.infer<typeof CalendarEntry> {
  const {
    id,
    workspaceId: _,
    changedSeq: __,
    changedAt: ___,
    released: ____,
    ...shown
  } = publication;
  return {
    publicationId: id,
    ...shown,
    title,
    campaignId,
    stage,
    accountName,
    warnings: MAY_STILL_GO_OUT.includes(publication.state) ? warningsOf(publication, windows) : [],
  };
}

function warningsOf(
  publication: CalendarRow['publication'],
  windows: readonly BlackoutRow[],
): { code: string; message: string }[] {
  const account = { id: publication.channelAccountId, channel: publication.channel };
  const blackouts = windows
    .filter((window) => isBlackedOut(window, account, publication.at))
    .map(({ reason, endsAt }) => ({
      code: 'blackout',
      message: `it is not sent before ${endsAt}: ${reason}`,
    }));
  return [...zoneWarnings(publication), ...blackouts];
}
