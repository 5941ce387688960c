import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi';
import { itemTime } from '../../../commands/command-facts.ts';
import {
  approvalPath,
  countApprovalLinks,
  createApprovalLink,
  type GivenLink,
  getApprovalLink,
  listApprovalLinks,
  revokeApprovalLink,
} from '../../../db/item/approval-links.ts';
import { getItem } from '../../../db/item/items.ts';
import { Instant } from '../../../domain/instant.ts';
import { Sha256 } from '../../../domain/item/content/draft.ts';
import { currentApprovals, type ItemContext } from '../../../domain/item/context.ts';
import {
  LINK_LIFE_MS,
  LINK_STATES,
  linkState,
  MAX_LINK_LIFE_MS,
  MAX_LINKS,
  unmetForLink,
} from '../../../domain/item/requirements/approval-link.ts';
import { placeOf } from '../../../domain/item/run.ts';
import { APPROVER_ROLES } from '../../../domain/people/roles.ts';
import { decisionOf } from '../../approval-page/decision.ts';
import type { ApiDeps } from '../../deps.ts';
import { gives } from '../../gates/command-rights.ts';
import type { ApiContext, ApiEnv } from '../../gates/context.ts';
import { ApiError, invalidRequest, notFound, refusal } from '../../gates/errors.ts';
import { once } from '../../gates/idempotency.ts';
import { publicAddress } from '../../public-address.ts';
import { additionAnswers, pageAnswers, pageView, removalAnswers } from '../../route-answers.ts';
import {
  body,
  InstantText,
  ItemParams,
  idempotent,
  idText,
  paging,
  withKey,
} from '../../route-parts.ts';

const ApprovalLink = z
  .object({
    id: z.string(),
    role: z.enum(APPROVER_ROLES),
    contentHash: Sha256,
    name: z.string(),
    email: z.string().optional(),
    state: z.enum(LINK_STATES),
    decision: z
      .object({
        decision: z.enum(['approve', 'request_changes']),
        outcome: z.enum(['applied', 'refused', 'pending']),
        at: InstantText,
      })
      .optional(),
    issuedBy: z.string().nullable().describe('the member who made it; null for the system'),
    expiresAt: InstantText.describe('by the item’s own clock'),
    revokedAt: InstantText.optional(),
    createdAt: InstantText,
  })
  .meta({ id: 'ApprovalLink' });

const NewApprovalLink = z
  .strictObject({
    role: z.enum(APPROVER_ROLES),
    name: z.string().trim().min(1).max(200).describe('of whoever gets it; the timeline shows it'),
    email: z.email().max(254).optional(),
    expiresAt: Instant.optional().describe('in 14 days at most; in 7 when left out'),
  })
  .meta({
    id: 'NewApprovalLink',
    example: { role: 'legal', name: 'Ada Martin', email: 'ada@lawyers.example' },
  });

const CreatedApprovalLink = z
  .object({
    id: z.string(),
    url: z
      .string()
      .describe(
        'shown once; whoever has it can decide; a path of this server where its public address is not configured',
      ),
  })
  .meta({ id: 'CreatedApprovalLink' });

const PATH = '/v1/items/{id}/approval-links';

const addRoute = createRoute({
  ...idempotent('post', 'Review'),
  path: PATH,
  operationId: 'addApprovalLink',
  // Who may reassign in review may make a link.
  middleware: gives('reassign'),
  summary: 'Make a secret address by which somebody without an account decides once',
  description:
    'Bound to the item, the role and the content as it is: an edit voids it. Made in review by a member of a role that is asked, the strategist or an admin, and by nobody who wrote the piece. A rule of the gate with `signIn`, or with the quorum `all`, takes no link.',
  request: { params: ItemParams, body: body(NewApprovalLink) },
  responses: additionAnswers(CreatedApprovalLink, 'Made', 'forbidden', 'not_found', 'refused'),
});

const listRoute = createRoute({
  ...withKey('get', 'Review'),
  path: PATH,
  operationId: 'listApprovalLinks',
  summary: 'The approval links of the item, without their addresses, oldest first',
  request: { params: ItemParams, query: z.strictObject(paging) },
  responses: pageAnswers(ApprovalLink, 'A page of links', 'not_found'),
});

const LinkParams = z.object({
  id: idText('id of the item', 'itm_01KAMJ5SQ0'),
  linkId: idText('id of the link', 'lnk_01KAMJ5SQ0'),
});

const revokeRoute = createRoute({
  ...withKey('delete', 'Review'),
  path: `${PATH}/{linkId}`,
  operationId: 'revokeApprovalLink',
  summary: 'Revoke a link: whoever made it, the strategist, or an admin',
  request: { params: LinkParams },
  responses: removalAnswers('Revoked', 'forbidden', 'conflict'),
});

export function approvalLinkRoutes({ db, settings }: Pick<ApiDeps, 'db' | 'settings'>) {
  return new OpenAPIHono<ApiEnv>()
    .openapi(addRoute, async (c) => {
      const { workspaceId, memberId, roles } = c.get('caller');
      const { id: itemId } = c.req.valid('param');
      const { item, context } = await knownItem(c, itemId);
      const { expiresAt: wanted, ...terms } = c.req.valid('json');
      const actor = { memberId, roles };
      const unmet = unmetForLink(
        { place: placeOf(item.snapshot), context },
        { actor, role: terms.role },
      );
      if (unmet.length > 0) throw refusal(unmet);
      const expiresAt = expiryOf(wanted, Date.parse(itemTime(item)));
      const set = currentApprovals(context);
      if (set === null) throw new Error(`${itemId} is in review without an approval set`);
      const asked = { contentHash: set.contentHash, approvalSet: set.number };
      const answer = await once(c, { db, status: 201 }, async (tx) => {
        const key = { workspaceId, itemId };
        if ((await countApprovalLinks(tx, key)) >= MAX_LINKS) {
          throw new ApiError('conflict', { detail: `an item may have ${MAX_LINKS} links` });
        }
        const link = { ...key, ...terms, ...asked, expiresAt, issuedBy: memberId };
        const { id, token } = await createApprovalLink(tx, link);
        return { id, url: publicAddress(c, settings, approvalPath(token)) };
      });
      c.header('Cache-Control', 'no-store');
      return c.json(answer, 201);
    })
    .openapi(listRoute, async (c) => {
      const { id: itemId } = c.req.valid('param');
      const { item, context } = await knownItem(c, itemId);
      const key = { workspaceId: item.workspaceId, itemId };
      const page = await listApprovalLinks(db, { ...key, ...c.req.valid('query') });
      const now = itemTime(item);
      return c.json(
        pageView(page, (given) => linkView(given, { context, now })),
        200,
      );
    })
    .openapi(revokeRoute, async (c) => {
      const { workspaceId, memberId, roles } = c.get('caller');
      const { id: itemId, linkId: id } = c.req.valid('param');
      const key = { workspaceId, itemId, id };
      const given = await getApprovalLink(db, key);
      if (given === null) throw notFound('approval link', id);
      const isOwn = given.link.issuedBy === memberId;
      if (!isOwn && !roles.includes('strategist') && !roles.includes('admin')) {
        const detail = 'whoever made it, a strategist or an admin may revoke it';
        throw new ApiError('forbidden', { detail });
      }
      if (given.command !== null) {
        throw new ApiError('conflict', { detail: 'the link is used: its decision was given' });
      }
      await revokeApprovalLink(db, { ...key, revokedBy: memberId });
      return c.body(null, 204);
    });

  /** @throws ApiError `not_found` */
  async function knownItem(c: ApiContext, itemId: string) {
    const item = await getItem(db, { workspaceId: c.get('caller').workspaceId, itemId });
    if (item === null) throw notFound('item', itemId);
    return { item, context: item.snapshot.context };
  }
}

/** @throws ApiError `invalid_request` */
function expiryOf(wanted: string | undefined, nowMs: number): string {
  if (wanted === undefined) return new Date(nowMs + LINK_LIFE_MS).toISOString();
  const inMs = Date.parse(wanted) - nowMs;
  if (inMs > 0 && inMs <= MAX_LINK_LIFE_MS) return wanted;
  const message = inMs <= 0 ? 'is not in the future' : 'is more than 14 days ahead';
  throw invalidRequest([{ path: 'expiresAt', message }]);
}

function linkView(
  { link, command }: GivenLink,
  { context, now }: { context: ItemContext; now: string },
): z.infer<typeof ApprovalLink> {
  const { id, role, contentHash, name, email, issuedBy, expiresAt, revokedAt, createdAt } = link;
  const decision = command === null ? null : decisionOf(command);
  return {
    id,
    role,
    contentHash,
    name,
    state: linkState(link, { context, now, isUsed: command !== null }),
    issuedBy,
    expiresAt,
    createdAt,
    ...(email !== null && { email }),
    ...(decision !== null && { decision }),
    ...(revokedAt !== null && { revokedAt }),
  };
}
