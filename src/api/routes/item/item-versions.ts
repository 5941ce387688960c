import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi';
import { getItem } from '../../../db/item/items.ts';
import { getBrief, getDraft } from '../../../db/item/versions.ts';
import { Brief } from '../../../domain/item/content/brief.ts';
import { Draft, Sha256 } from '../../../domain/item/content/draft.ts';
import {
  appliedView,
  COMMAND_RESPONSES,
  pendingReply,
  SavedVersion,
  sendCommand,
} from '../../command-reply.ts';
import type { ApiDeps } from '../../deps.ts';
import { etagOf, ifMatchOf } from '../../etag.ts';
import { BRIEF_EXAMPLE, DRAFT_EXAMPLE } from '../../examples.ts';
import { gives } from '../../gates/command-rights.ts';
import type { ApiContext, ApiEnv } from '../../gates/context.ts';
import { notFound, problems } from '../../gates/errors.ts';
import { versionAnswers } from '../../route-answers.ts';
import { body, CONDITIONAL, InstantText, ItemParams, withKey } from '../../route-parts.ts';

const version = {
  version: z.int(),
  hash: z.string(),
  authorId: z.string(),
  createdAt: InstantText,
};

const BriefVersion = z.object({ ...version, brief: Brief }).meta({ id: 'BriefVersion' });
const DraftVersion = z
  .object({ ...version, contentHash: z.string().nullable(), draft: Draft })
  .meta({ id: 'DraftVersion' });

const versionQuery = z.strictObject({
  hash: Sha256.optional().meta({
    description: 'an earlier version; the one that counts when left out',
  }),
});

const saveResponses = {
  ...COMMAND_RESPONSES,
  200: versionAnswers(SavedVersion, 'Saved, or found identical'),
  ...problems('version_conflict'),
};

const readResponses = problems('invalid_request', 'unauthenticated', 'not_found');

const readBriefRoute = createRoute({
  ...withKey('get', 'Brief and draft'),
  path: '/v1/items/{id}/brief',
  operationId: 'getBrief',
  summary: 'The brief that counts, or an earlier version by its hash',
  request: { params: ItemParams, query: versionQuery },
  responses: { 200: versionAnswers(BriefVersion, 'The brief'), ...readResponses },
});

const saveBriefRoute = createRoute({
  ...withKey('put', 'Brief and draft'),
  path: '/v1/items/{id}/brief',
  operationId: 'saveBrief',
  middleware: gives('save_brief'),
  summary: 'Save a version of the brief',
  description:
    'It may be incomplete: the handoff names what is missing. After the briefing it is a revision, and voids every approval.',
  parameters: CONDITIONAL,
  request: { params: ItemParams, body: body(Brief, BRIEF_EXAMPLE) },
  responses: saveResponses,
});

const readDraftRoute = createRoute({
  ...withKey('get', 'Brief and draft'),
  path: '/v1/items/{id}/draft',
  operationId: 'getDraft',
  summary: 'The draft that counts, or an earlier version by its hash',
  request: { params: ItemParams, query: versionQuery },
  responses: { 200: versionAnswers(DraftVersion, 'The draft'), ...readResponses },
});

const saveDraftRoute = createRoute({
  ...withKey('put', 'Brief and draft'),
  path: '/v1/items/{id}/draft',
  operationId: 'saveDraft',
  middleware: gives('save_draft'),
  summary: 'Save a version of the content',
  description: 'Any change voids all approvals and brings the item back to creation.',
  parameters: CONDITIONAL,
  request: { params: ItemParams, body: body(Draft, DRAFT_EXAMPLE) },
  responses: saveResponses,
});

export function itemVersionRoutes(deps: Pick<ApiDeps, 'db' | 'sender'>) {
  const { db } = deps;

  async function save(
    c: ApiContext,
    command: { type: 'save_brief' | 'save_draft'; itemId: string; body: object },
  ) {
    const ifMatch = ifMatchOf(c.req.header('if-match'));
    const outcome = await sendCommand(c, deps, { ...command, ifMatch });
    if (outcome.outcome === 'pending') return pendingReply(c, outcome.commandId);
    const saved = savedVersion(appliedView(outcome));
    c.header('ETag', etagOf(saved.hash));
    return c.json(saved, 200);
  }

  return new OpenAPIHono<ApiEnv>()
    .openapi(readBriefRoute, async (c) => {
      const key = { workspaceId: c.get('caller').workspaceId, itemId: c.req.valid('param').id };
      const item = await getItem(db, key);
      if (item === null) throw notFound('item', key.itemId);
      const hash = c.req.valid('query').hash ?? item.snapshot.context.brief?.hash;
      const row = hash === undefined ? null : await getBrief(db, { ...key, hash });
      if (row === null) throw notFound('brief');
      c.header('ETag', etagOf(row.hash));
      const { version: number, authorId, createdAt, body: brief } = row;
      return c.json({ version: number, hash: row.hash, authorId, createdAt, brief }, 200);
    })
    .openapi(saveBriefRoute, (c) => {
      const { id: itemId } = c.req.valid('param');
      return save(c, { type: 'save_brief', itemId, body: { brief: c.req.valid('json') } });
    })
    .openapi(readDraftRoute, async (c) => {
      const key = { workspaceId: c.get('caller').workspaceId, itemId: c.req.valid('param').id };
      const item = await getItem(db, key);
      if (item === null) throw notFound('item', key.itemId);
      const { draft: current, contentHash } = item.snapshot.context;
      const hash = c.req.valid('query').hash ?? current?.hash;
      const row = hash === undefined ? null : await getDraft(db, { ...key, hash });
      if (row === null) throw notFound('draft');
      c.header('ETag', etagOf(row.hash));
      const { version: number, authorId, createdAt, body: draft } = row;
      const shown = { version: number, hash: row.hash, authorId, createdAt, draft };
      // Only the current draft has a content hash: it covers the brief as well.
      return c.json(
        { ...shown, contentHash: row.hash === current?.hash ? contentHash : null },
        200,
      );
    })
    .openapi(saveDraftRoute, (c) => {
      const { id: itemId } = c.req.valid('param');
      return save(c, { type: 'save_draft', itemId, body: { draft: c.req.valid('json') } });
    });
}

/** Answers of saves always name the version (project-command.ts). */
function savedVersion(applied: ReturnType<typeof appliedView>): z.infer<typeof SavedVersion> {
  const { version: number, hash } = applied;
  if (number === undefined || hash === undefined) {
    throw new Error(`${applied.commandId}: the answer of a save names no version`);
  }
  return { ...applied, version: number, hash };
}
