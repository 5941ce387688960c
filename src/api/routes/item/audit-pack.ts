import { Readable } from 'node:stream';
import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi';
import { getItem } from '../../../db/item/items.ts';
import { TooMuchEvidence } from '../../../evidence/collect.ts';
import type { ApiDeps } from '../../deps.ts';
import type { ApiEnv } from '../../gates/context.ts';
import { ApiError, notFound, problems } from '../../gates/errors.ts';
import { forbidden, forRoles } from '../../gates/require-role.ts';
import { ItemParams, withKey } from '../../route-parts.ts';

const readRoute = createRoute({
  ...withKey('get', 'Audit'),
  middleware: forRoles(['admin', 'strategist']),
  path: '/v1/items/{id}/audit-pack',
  operationId: 'readAuditPack',
  summary: 'Everything that is kept of an item, as a zip (admin, or the strategist of the item)',
  description:
    'Events with their chain, commands with their refusals, versions, approvals, sends, readings, reviews, comments, the administrative acts that touch it, and the history of every run. `npx baton verify-audit FILE` checks it offline. The same state of the item is the same bytes. A zip that ends early is not whole: ask again.',
  request: { params: ItemParams },
  responses: {
    200: {
      description: 'The pack',
      content: { 'application/zip': { schema: z.string().meta({ format: 'binary' }) } },
    },
    ...problems('unauthenticated', 'forbidden', 'not_found', 'conflict'),
  },
});

export function auditPackRoutes({ db, packs }: Pick<ApiDeps, 'db' | 'packs'>) {
  return new OpenAPIHono<ApiEnv>().openapi(readRoute, async (c) => {
    const { id: itemId } = c.req.valid('param');
    const { workspaceId, memberId, roles } = c.get('caller');
    const item = await getItem(db, { workspaceId, itemId });
    if (item === null) throw notFound('item', itemId);
    const { strategist } = item.snapshot.context.team;
    const isTheirs = strategist === null || strategist === memberId;
    if (!roles.includes('admin') && !isTheirs) throw forbidden(['admin']);
    const pack = await packs.open({ workspaceId, itemId }).catch(asProblem);
    if (pack === null) throw notFound('item', itemId);
    return c.body(webStream(pack.chunks), 200, {
      'Content-Type': 'application/zip',
      'Content-Disposition': `attachment; filename="${itemId}-audit-pack.zip"`,
    });
  });
}

function asProblem(error: unknown): never {
  if (error instanceof TooMuchEvidence) {
    throw new ApiError('conflict', {
      detail: `the item has too much for a pack: ${error.message}`,
    });
  }
  throw error;
}

/** Node's and the DOM's types of one and the same stream. */
function webStream(chunks: AsyncIterable<Uint8Array>): ReadableStream<Uint8Array> {
  return Readable.toWeb(
    Readable.from(chunks, { objectMode: false }),
  ) as unknown as ReadableStream<Uint8Array>;
}
