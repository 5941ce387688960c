import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi';
import { slackPurpose } from '../../../credentials/slack-purpose.ts';
import {
  NO_CHOICE,
  type PreferencesRow,
  readPreferences,
  removeSlackChannel,
  savePreferences,
  saveSlackChannel,
} from '../../../db/telling/preferences.ts';
import { inTransaction } from '../../../db/transaction.ts';
import { getMember, type MemberRow, updateMember } from '../../../db/workspace/members.ts';
import { getWorkspace } from '../../../db/workspace/workspaces.ts';
import { ROLES } from '../../../domain/people/roles.ts';
import { NOTICE_KINDS, NoticeChannel } from '../../../domain/telling/kinds.ts';
import { allChannels, Preferences } from '../../../domain/telling/preferences.ts';
import { faultOfAddress } from '../../../http/http-target.ts';
import { isTimeZone } from '../../../time/zoned-time.ts';
import type { ApiDeps } from '../../deps.ts';
import type { ApiContext, ApiEnv } from '../../gates/context.ts';
import { invalidRequest, notFound } from '../../gates/errors.ts';
import { once } from '../../gates/idempotency.ts';
import { forRoles } from '../../gates/require-role.ts';
import { changeAnswers, recordAnswers, removalAnswers } from '../../route-answers.ts';
import { body, idempotent, withKey } from '../../route-parts.ts';

const Me = z
  .object({
    member: z.object({
      id: z.string(),
      name: z.string(),
      email: z.string().nullable(),
      language: z.string(),
      zone: z.string(),
    }),
    roles: z.array(z.enum(ROLES)),
    workspace: z.object({ id: z.string(), name: z.string() }),
    apiKeyId: z.string(),
  })
  .meta({ id: 'Me' });

const slackUrl = z
  .string()
  .max(500)
  .describe('address of an incoming webhook as Slack and compatible servers give it; a secret');

const PreferencesUpdate = Preferences.extend({
  slackUrl: slackUrl
    .nullable()
    .optional()
    .describe('of the member’s own channel; left out, the one that stands stays; null removes it'),
}).meta({
  id: 'PreferencesUpdate',
  example: {
    channels: { asked: ['in_app', 'email'], published: [] },
    digest: 'daily',
    quietHours: { from: '20:00', to: '08:00' },
    language: 'en',
    zone: 'Europe/Paris',
  },
});

const PreferencesView = Preferences.extend({
  channels: z.record(z.enum(NOTICE_KINDS), z.array(NoticeChannel)).describe('of every kind'),
  hasSlackUrl: z.boolean().describe('whether the member has a Slack channel of their own'),
}).meta({ id: 'PreferencesView' });

const NewSlackChannel = z.strictObject({ url: slackUrl }).meta({ id: 'NewSlackChannel' });
const SlackChannel = z.object({ isSet: z.boolean() }).meta({ id: 'SlackChannel' });

const meRoute = createRoute({
  ...withKey('get', 'Notifications'),
  path: '/v1/me',
  operationId: 'getMe',
  summary: 'Who the caller is, and where',
  responses: recordAnswers(Me, 'The caller'),
});

const readRoute = createRoute({
  ...withKey('get', 'Notifications'),
  path: '/v1/me/preferences',
  operationId: 'getPreferences',
  summary: 'How the caller wants to be told',
  responses: recordAnswers(PreferencesView, 'The preferences'),
});

const saveRoute = createRoute({
  ...idempotent('put', 'Notifications'),
  path: '/v1/me/preferences',
  operationId: 'savePreferences',
  summary: 'Choose channels, digest, quiet hours, language and zone',
  request: { body: body(PreferencesUpdate) },
  responses: changeAnswers(PreferencesView, 'Saved', 'not_found'),
});

const slackRoute = createRoute({
  ...idempotent('put', 'Notifications'),
  middleware: forRoles(['admin']),
  path: '/v1/slack-channel',
  operationId: 'saveSlackChannel',
  summary: 'Where Slack messages go to members without a channel of their own (admin)',
  request: { body: body(NewSlackChannel) },
  responses: changeAnswers(SlackChannel, 'Saved', 'forbidden'),
});

const noSlackRoute = createRoute({
  ...withKey('delete', 'Notifications'),
  middleware: forRoles(['admin']),
  path: '/v1/slack-channel',
  operationId: 'removeSlackChannel',
  summary: 'Send no Slack messages to a channel that all share (admin)',
  responses: removalAnswers('Removed', 'forbidden'),
});

export function preferenceRoutes({
  db,
  secrets,
  settings,
}: Pick<ApiDeps, 'db' | 'secrets' | 'settings'>) {
  async function callerOf(c: ApiContext): Promise<MemberRow> {
    const { workspaceId, memberId } = c.get('caller');
    const member = await getMember(db, { workspaceId, memberId });
    if (member === null) throw notFound('member', memberId);
    return member;
  }

  /** What the deployment runs inside is an admin's to name: who is none would reach it through Baton. */
  function sealed(
    c: ApiContext,
    { url, path, owner }: { url: string; path: string; owner: string },
  ): string {
    const mayNameAny = settings.local || c.get('caller').roles.includes('admin');
    const fault = faultOfAddress(url, mayNameAny ? settings.allowedOrigins : []);
    if (fault !== null) throw invalidRequest([{ path, message: fault }]);
    return secrets.seal(url, slackPurpose(owner));
  }

  return new OpenAPIHono<ApiEnv>()
    .openapi(meRoute, async (c) => {
      const { apiKeyId, roles, workspaceId } = c.get('caller');
      const { id, name, email, language, zone } = await callerOf(c);
      const workspace = await getWorkspace(db, { workspaceId });
      return c.json(
        {
          member: { id, name, email, language, zone },
          roles,
          workspace: { id: workspaceId, name: workspace?.name ?? '' },
          apiKeyId,
        },
        200,
      );
    })
    .openapi(readRoute, async (c) => {
      const member = await callerOf(c);
      const { workspaceId, id } = member;
      const rows = await readPreferences(db, { workspaceId, memberIds: [id] });
      return c.json(preferencesView(rows.get(id) ?? NO_CHOICE, member), 200);
    })
    .openapi(saveRoute, async (c) => {
      const { workspaceId, memberId } = c.get('caller');
      const { slackUrl: url, language, zone, quietHours = null, ...choice } = c.req.valid('json');
      if (!isTimeZone(zone)) {
        throw invalidRequest([{ path: 'zone', message: 'is an IANA zone such as Europe/Paris' }]);
      }
      const sealedSlackUrl =
        url == null ? url : sealed(c, { url, path: 'slackUrl', owner: memberId });
      const answer = await once(c, { db, status: 200 }, async (tx) => {
        const key = { workspaceId, memberId };
        const member = await updateMember(tx, { ...key, change: { language, zone } });
        if (member === null) throw notFound('member', memberId);
        const row = await savePreferences(tx, {
          ...key,
          ...choice,
          quietHours,
          ...(sealedSlackUrl !== undefined && { sealedSlackUrl }),
        });
        return preferencesView(row, member);
      });
      return c.json(answer, 200);
    })
    .openapi(slackRoute, async (c) => {
      const { workspaceId } = c.get('caller');
      const { url } = c.req.valid('json');
      const value = sealed(c, { url, path: 'url', owner: workspaceId });
      const answer = await once(c, { db, status: 200 }, async (tx) => {
        await saveSlackChannel(tx, { workspaceId, sealed: value });
        return { isSet: true };
      });
      return c.json(answer, 200);
    })
    .openapi(noSlackRoute, async (c) => {
      const { workspaceId } = c.get('caller');
      const removed = await inTransaction(db, (tx) => removeSlackChannel(tx, { workspaceId }));
      if (!removed) throw notFound('Slack channel', workspaceId);
      return c.body(null, 204);
    });
}

function preferencesView(
  { channels, digest, quietHours, sealedSlackUrl }: PreferencesRow | typeof NO_CHOICE,
  { language, zone }: MemberRow,
): z.infer<typeof PreferencesView> {
  return {
    channels: allChannels(channels),
    digest,
    ...(quietHours !== null && { quietHours }),
    language,
    zone,
    hasSlackUrl: sealedSlackUrl !== null,
  };
}
