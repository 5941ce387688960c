import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi';
import { getCheckpoint, listCheckpointKeys, listCheckpoints } from '../../db/audit/checkpoints.ts';
import { checkpointFileOf, checkpointOf } from '../../evidence/record-checkpoints.ts';
import type { ApiDeps } from '../deps.ts';
import type { ApiEnv } from '../gates/context.ts';
import { notFound, problems } from '../gates/errors.ts';
import { forRoles } from '../gates/require-role.ts';
import { answers, pageAnswers, pageView } from '../route-answers.ts';
import { InstantText, paging, withKey } from '../route-parts.ts';

const Checkpoint = z
  .object({
    format: z.literal('baton-checkpoint'),
    version: z.literal(1),
    workspaceId: z.string(),
    seq: z.int(),
    at: InstantText,
    keyId: z.string().describe('first 16 hex digits of the SHA-256 of the public key (DER)'),
    headCount: z.int().describe('chains that have changed since the checkpoint before'),
    headsHash: z.string().describe('SHA-256 of the heads'),
    prevHash: z.string().describe('hash of the checkpoint before; 64 zeros at the first'),
    hash: z.string().describe('SHA-256 of the RFC 8785 JSON of the fields above'),
    signature: z.string().describe('Ed25519 over the same text, in base64'),
    publicKey: z.string().describe('PEM'),
  })
  .meta({ id: 'ChainCheckpoint' });

const CheckpointWithHeads = Checkpoint.extend({
  heads: z.string().describe('a line `stream seq hash` each; the stream is an item, or `acts`'),
}).meta({ id: 'CheckpointWithHeads' });

const CheckpointKey = z
  .object({
    keyId: z.string(),
    publicKey: z.string().describe('PEM'),
    fromSeq: z.int().describe('the first checkpoint that it signed'),
  })
  .meta({ id: 'CheckpointKey' });

const listRoute = createRoute({
  ...withKey('get', 'Audit'),
  middleware: forRoles(['admin']),
  path: '/v1/audit/checkpoints',
  operationId: 'listCheckpoints',
  summary: 'Signed checkpoints of the chain heads, oldest first (admin)',
  description:
    'Each hour the ends of the chains that have changed are signed, linked to the checkpoint before, and sent as `audit.checkpoint_recorded`. Whoever keeps them elsewhere finds out that a chain was rewritten: `npx baton verify-audit`.',
  request: { query: z.strictObject(paging) },
  responses: pageAnswers(Checkpoint, 'A page of checkpoints', 'forbidden'),
});

const keysRoute = createRoute({
  ...withKey('get', 'Audit'),
  middleware: forRoles(['admin']),
  path: '/v1/audit/checkpoints/keys',
  operationId: 'listCheckpointKeys',
  summary: 'The public keys that checkpoints were signed with, oldest first (admin)',
  description: 'Keep them elsewhere as well: whoever rewrites a database can rewrite this list.',
  request: { query: z.strictObject(paging) },
  responses: pageAnswers(CheckpointKey, 'A page of keys', 'forbidden'),
});

const readRoute = createRoute({
  ...withKey('get', 'Audit'),
  middleware: forRoles(['admin']),
  path: '/v1/audit/checkpoints/{seq}',
  operationId: 'readCheckpoint',
  summary: 'A checkpoint with its heads (admin)',
  request: {
    params: z.object({ seq: z.string().regex(/^[1-9]\d{0,8}$/, 'is the number of a checkpoint') }),
  },
  responses: {
    200: answers(CheckpointWithHeads, 'The checkpoint'),
    ...problems('invalid_request', 'unauthenticated', 'forbidden', 'not_found'),
  },
});

export function checkpointRoutes({ db }: Pick<ApiDeps, 'db'>) {
  return new OpenAPIHono<ApiEnv>()
    .openapi(listRoute, async (c) => {
      const { workspaceId } = c.get('caller');
      const page = await listCheckpoints(db, { workspaceId, ...c.req.valid('query') });
      return c.json(pageView(page, checkpointOf), 200);
    })
    .openapi(keysRoute, async (c) => {
      const { workspaceId } = c.get('caller');
      const page = await listCheckpointKeys(db, { workspaceId, ...c.req.valid('query') });
      return c.json(page, 200);
    })
    .openapi(readRoute, async (c) => {
      const { workspaceId } = c.get('caller');
      const { seq } = c.req.valid('param');
      const row = await getCheckpoint(db, { workspaceId, seq: Number(seq) });
      if (row === null) throw notFound('checkpoint', seq);
      return c.json(await checkpointFileOf(row), 200);
    });
}
