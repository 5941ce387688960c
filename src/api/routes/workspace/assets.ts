import { Readable } from 'node:stream';
import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi';
import type { AssetStore } from '../../../assets/asset-store.ts';
import { inTransaction } from '../../../db/transaction.ts';
import { type AssetRow, getAsset, insertAsset, renewAsset } from '../../../db/workspace/assets.ts';
import { countUsed, QuotaExceeded, requireRoom } from '../../../db/workspace/quotas.ts';
import { ASSET_KINDS, type AssetKind } from '../../../domain/asset-kinds.ts';
import { Sha256 } from '../../../domain/item/content/draft.ts';
import type { ApiDeps } from '../../deps.ts';
import { etagOf } from '../../etag.ts';
import type { ApiContext, ApiEnv } from '../../gates/context.ts';
import { ApiError, notFound, problems } from '../../gates/errors.ts';
import { bodyChunks } from '../../gates/read-body.ts';
import { mediaTypeOf } from '../../gates/request-body.ts';
import { answers } from '../../route-answers.ts';
import { idText, withKey } from '../../route-parts.ts';

const UPLOAD_TIMEOUT_MS = 600_000;

const Asset = z
  .object({
    hash: Sha256.describe('SHA-256 of the bytes: the address of the file'),
    kind: z.enum(ASSET_KINDS),
    mediaType: z.string().describe('as the bytes show it, whatever was declared'),
    size: z.int().describe('bytes'),
  })
  .meta({ id: 'Asset' });

const bytes = z.string().meta({ format: 'binary' });

const uploadRoute = createRoute({
  ...withKey('post', 'Assets'),
  path: '/v1/assets',
  operationId: 'uploadAsset',
  summary: 'Store a file under its hash',
  description:
    'The body is the file itself, streamed. The same bytes again are the same asset, so a repetition needs no key. `kind` may be left out where the content type says it.',
  request: {
    query: z.strictObject({ kind: z.enum(ASSET_KINDS).optional() }),
    body: { required: true, content: { 'application/octet-stream': { schema: bytes } } },
  },
  responses: {
    201: answers(Asset, 'Stored, or there already'),
    ...problems(
      'invalid_request',
      'unauthenticated',
      'request_timeout',
      'payload_too_large',
      'unsupported_media_type',
      'quota_exceeded',
    ),
  },
});

const ETAG = { ETag: { description: 'the hash of the file', schema: { type: 'string' as const } } };

const readRoute = createRoute({
  ...withKey('get', 'Assets'),
  path: '/v1/assets/{hash}',
  operationId: 'getAsset',
  summary: 'A stored file',
  request: { params: z.object({ hash: idText('hash of the file', 'a'.repeat(64)) }) },
  responses: {
    200: {
      description: 'The bytes, with the media type they have',
      content: { '*/*': { schema: bytes } },
      headers: ETAG,
    },
    304: { description: 'The caller has these bytes (`If-None-Match`)', headers: ETAG },
    ...problems('unauthenticated', 'not_found'),
  },
});

export function assetRoutes({ db, assets, settings }: Pick<ApiDeps, 'db' | 'assets' | 'settings'>) {
  return new OpenAPIHono<ApiEnv>()
    .openapi(uploadRoute, async (c) => {
      const { workspaceId, memberId } = c.get('caller');
      const declared = mediaTypeOf(c.req.header('content-type'));
      const kind = c.req.valid('query').kind ?? kindOf(declared);
      const room = {
        workspaceId,
        quota: 'storageBytes',
        limit: settings.quotas.storageBytes,
      } as const;
      const used = await countUsed(db, room);
      if (used >= room.limit) throw new QuotaExceeded(room.quota, room.limit);
      const maxBytes = Math.min(settings.limits.uploadBytes, room.limit - used);
      const chunks = bodyChunks(c.req.raw, { maxBytes, timeoutMs: UPLOAD_TIMEOUT_MS });
      const stored = await assets.putAsset(chunks, { kind, maxBytes });
      const row = await inTransaction(db, async (tx) => {
        const known = await renewAsset(tx, { workspaceId, hash: stored.hash });
        if (known !== null) return known;
        await requireRoom(tx, { ...room, adds: stored.size });
        return insertAsset(tx, { workspaceId, createdBy: memberId, ...stored });
      });
      const { hash, mediaType, size } = row;
      return c.json({ hash, kind: row.kind, mediaType, size }, 201);
    })
    .openapi(readRoute, async (c) => {
      const { hash } = c.req.valid('param');
      const row = await getAsset(db, { workspaceId: c.get('caller').workspaceId, hash });
      if (row === null) throw notFound('asset', hash);
      const headers = {
        ETag: etagOf(row.hash),
        'Cache-Control': 'private, max-age=31536000, immutable',
      };
      if (c.req.header('if-none-match') === headers.ETag) return c.body(null, 304, headers);
      return fileAnswer(c, assets, row, headers);
    });
}

/** The bytes of a file. Whatever it holds, it runs nothing here. */
export async function fileAnswer(
  c: ApiContext,
  assets: AssetStore,
  { hash, mediaType, kind }: Pick<AssetRow, 'hash' | 'mediaType' | 'kind'>,
  headers: Record<string, string>,
) {
  const { size, stream } = await assets.openAsset(hash);
  return c.body(webStream(stream), 200, {
    ...headers,
    'Content-Type': mediaType,
    'Content-Length': String(size),
    'Content-Disposition': kind === 'written' ? 'attachment' : 'inline',
    'Content-Security-Policy': "default-src 'none'; sandbox",
  });
}

/** @throws ApiError `unsupported_media_type` where nothing says what the file is. */
function kindOf(mediaType: string): AssetKind {
  const [family, type] = mediaType.split('/');
  if (family === 'image') return 'visual';
  if (family === 'video' || family === 'audio') return family;
  if (
    family === 'text' ||
    (family === 'application' && type !== 'octet-stream' && type !== 'json')
  ) {
    return 'written';
  }
  throw new ApiError('unsupported_media_type', {
    detail: `send the bytes of the file as the body, and name its kind: ?kind=${ASSET_KINDS.join('|')}`,
  });
}

/** Node's and the DOM's types of one and the same stream. */
function webStream(stream: Readable): ReadableStream<Uint8Array> {
  return Readable.toWeb(stream) as unknown as ReadableStream<Uint8Array>;
}
