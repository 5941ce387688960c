import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi';
import {
  changeMember,
  getMember,
  insertMember,
  type MemberChange,
  type MemberRefusal,
  type MemberRow,
  pageMembers,
} from '../../../db/workspace/members.ts';
import { Instant } from '../../../domain/instant.ts';
import { LANGUAGES } from '../../../domain/labels/words.ts';
import { PlatformTags } from '../../../domain/people/member.ts';
import { ROLES } from '../../../domain/people/roles.ts';
import { isTimeZone } from '../../../time/zoned-time.ts';
import type { ApiDeps } from '../../deps.ts';
import type { ApiEnv } from '../../gates/context.ts';
import { type ApiError, invalidRequest, notFound } from '../../gates/errors.ts';
import { once } from '../../gates/idempotency.ts';
import { forbidden, forRoles } from '../../gates/require-role.ts';
import {
  additionAnswers,
  changeAnswers,
  pageAnswers,
  pageView,
  recordAnswers,
} from '../../route-answers.ts';
import { body, InstantText, idempotent, idParams, paging, withKey } from '../../route-parts.ts';

const tags = z.array(z.string().trim().min(1).max(60)).max(50);
const roles = z.array(z.enum(ROLES)).max(ROLES.length);
const instant = Instant;
const email = z.email().max(254);
const zone = z.string().min(1).max(64).refine(isTimeZone, 'is an IANA zone such as Europe/Paris');

const Member = z
  .object({
    id: z.string(),
    name: z.string(),
    roles: z.array(z.enum(ROLES)),
    skillTags: z.array(z.string()),
    platformTags: PlatformTags.describe(
      'channel to level: 1 knows it, 2 works in it, 3 is deep in it',
    ),
    profileTags: z.array(z.string()),
    backupId: z.string().nullable().describe('may act for this member after a breach'),
    active: z.boolean(),
    absentFrom: z.string().nullable(),
    absentUntil: z.string().nullable(),
    email: z.string().nullable().describe('where mail reaches the member'),
    language: z.enum(LANGUAGES),
    zone: z.string().describe('IANA zone of the member’s day'),
    createdAt: InstantText,
  })
  .meta({ id: 'MemberInfo' });

const NewMember = z
  .strictObject({
    name: z.string().trim().min(1).max(200),
    roles: roles.min(1),
    skillTags: tags.default([]),
    platformTags: PlatformTags.default({}),
    profileTags: tags.default([]),
    backupId: z.string().min(1).max(64).nullable().default(null),
    email: email.nullable().default(null),
    language: z.enum(LANGUAGES).default('en'),
    zone: zone.default('UTC'),
  })
  .meta({ id: 'NewMember' });

const MemberUpdate = z
  .strictObject({
    name: z.string().trim().min(1).max(200),
    roles,
    skillTags: tags,
    platformTags: PlatformTags,
    profileTags: tags,
    backupId: z.string().min(1).max(64).nullable(),
    active: z.boolean(),
    absentFrom: instant.nullable(),
    absentUntil: instant.nullable(),
    email: email.nullable(),
    language: z.enum(LANGUAGES),
    zone,
  })
  .partial()
  .meta({ id: 'MemberUpdate' });

const MemberParams = idParams('id of the member', 'mbr_01KAMJ5SQ0');

const listRoute = createRoute({
  ...withKey('get', 'Administration'),
  path: '/v1/members',
  operationId: 'listMembers',
  summary: 'The people of the workspace, in the order they joined',
  request: {
    query: z.strictObject({
      role: z.enum(ROLES).optional(),
      active: z
        .enum(['true', 'false'])
        .transform((text) => text === 'true')
        .optional(),
      ...paging,
    }),
  },
  responses: pageAnswers(Member, 'A page of members'),
});

const readRoute = createRoute({
  ...withKey('get', 'Administration'),
  path: '/v1/members/{id}',
  operationId: 'getMember',
  summary: 'A member; `me` is the caller',
  request: { params: MemberParams },
  responses: recordAnswers(Member, 'The member'),
});

const addRoute = createRoute({
  ...idempotent('post', 'Administration'),
  middleware: forRoles(['admin']),
  path: '/v1/members',
  operationId: 'addMember',
  summary: 'Add a person to the workspace',
  request: { body: body(NewMember) },
  responses: additionAnswers(Member, 'Added', 'forbidden', 'not_found'),
});

const changeRoute = createRoute({
  ...withKey('patch', 'Administration'),
  middleware: forRoles(['admin']),
  path: '/v1/members/{id}',
  operationId: 'changeMember',
  summary: 'Change roles, tags, backup or absence; an inactive member’s keys stop working',
  request: { params: MemberParams, body: body(MemberUpdate) },
  responses: changeAnswers(Member, 'Changed', 'forbidden', 'not_found'),
});

export function memberRoutes({ db }: Pick<ApiDeps, 'db'>) {
  async function requireBackup(workspaceId: string, backupId: string | null | undefined) {
    if (backupId === null || backupId === undefined) return;
    const backup = await getMember(db, { workspaceId, memberId: backupId });
    if (backup !== null) return;
    throw invalidRequest([{ path: 'backupId', message: 'is not a member of this workspace' }]);
  }

  return new OpenAPIHono<ApiEnv>()
    .openapi(listRoute, async (c) => {
      const { workspaceId } = c.get('caller');
      const page = await pageMembers(db, { workspaceId, ...c.req.valid('query') });
      return c.json(pageView(page, memberView), 200);
    })
    .openapi(readRoute, async (c) => {
      const { workspaceId, memberId: own } = c.get('caller');
      const { id } = c.req.valid('param');
      const row = await getMember(db, { workspaceId, memberId: id === 'me' ? own : id });
      if (row === null) throw notFound('member', id);
      return c.json(memberView(row), 200);
    })
    .openapi(addRoute, async (c) => {
      const { workspaceId } = c.get('caller');
      const body = c.req.valid('json');
      await requireBackup(workspaceId, body.backupId);
      const answer = await once(c, { db, status: 201 }, async (tx) =>
        memberView(await insertMember(tx, { workspaceId, ...body })),
      );
      return c.json(answer, 201);
    })
    .openapi(changeRoute, async (c) => {
      const caller = c.get('caller');
      const { workspaceId } = caller;
      const { id: memberId } = c.req.valid('param');
      const body = c.req.valid('json');
      if (memberId === caller.memberId && (body.active === false || losesAdmin(body.roles))) {
        const path = body.active === false ? 'active' : 'roles';
        throw invalidRequest([{ path, message: 'would lock you out: let another admin do it' }]);
      }
      await requireBackup(workspaceId, body.backupId);
      const change = changeOf(body);
      const by = caller.memberId;
      const changed = await changeMember(db, { workspaceId, memberId, change, by });
      if (typeof changed === 'string') throw refusalOf(changed, memberId);
      return c.json(memberView(changed), 200);
    });
}

function refusalOf(refusal: MemberRefusal, memberId: string): ApiError {
  switch (refusal) {
    case 'unknown':
      return notFound('member', memberId);
    case 'not_admin':
      return forbidden(['admin']);
    case 'last_admin':
      return invalidRequest([{ path: 'roles', message: 'would leave the workspace no admin' }]);
  }
}

function losesAdmin(roles: readonly string[] | undefined): boolean {
  return roles !== undefined && !roles.includes('admin');
}

/** Only the fields that were body. */
function changeOf(body: z.infer<typeof MemberUpdate>): MemberChange {
  return Object.fromEntries(
    Object.entries(body).filter(([, value]) => value !== undefined),
  ) as MemberChange;
}

function memberView({ workspaceId: _, ...member }: MemberRow): z.infer<typeof Member> {
  return member;
}
