import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { and, eq, getTableColumns, isNull, lt, or, sql } from 'drizzle-orm';
import { ID_PREFIXES } from '../../domain/ids.ts';
import type { Db } from '../client.ts';
import { ifGiven } from '../conditions.ts';
import { newId } from '../ids.ts';
import { type Page, type PageRequest, pageBy } from '../paging.ts';
import { preparedOnce } from '../prepared.ts';
import { apiKeys, idempotencyKeys, members } from '../schema/index.ts';
import { byCredential } from '../workspace-scope.ts';
import type { UsedKey } from './idempotency-keys.ts';
import type { MemberRow } from './members.ts';

/** A key without its secret's hash. */
export type ApiKeyInfo = Omit<typeof apiKeys.$inferSelect, 'secretHash'>;

const { secretHash: _, ...infoColumns } = getTableColumns(apiKeys);

/** `bk_<id without its prefix>.<secret>`: 32 random bytes, base64url. */
const KEY_TEXT = /^bk_([0-9A-HJKMNP-TV-Z]{26})\.([A-Za-z0-9_-]{43})$/;

/** Compared with when there is no such key, so that an unknown id takes as long as a wrong secret. */
const NO_HASH = Buffer.alloc(32);

/** `last_used_at` is written at most this often. */
const USED_EVERY_SECONDS = 60;

export interface NewApiKey {
  workspaceId: string;
  memberId: string;
  name: string;
  expiresAt?: string | null;
  /** Who makes it; left out for the keys that a workspace is made with. */
  issuedBy?: string | null;
}

/** Makes a key. `key` is the only copy of its secret: it cannot be read again. */
export async function createApiKey(
  db: Db,
  { workspaceId, memberId, name, expiresAt = null, issuedBy = null }: NewApiKey,
): Promise<{ id: string; key: string }> {
  const id = newId('apiKey');
  const secret = randomBytes(32).toString('base64url');
  const secretHash = hashSecret(secret);
  const key = { id, workspaceId, memberId, name, secretHash, expiresAt, issuedBy };
  await db.insert(apiKeys).values(key);
  return { id, key: `bk_${id.slice(ID_PREFIXES.apiKey.length + 1)}.${secret}` };
}

export interface Authenticated {
  apiKeyId: string;
  workspaceId: string;
  member: Pick<MemberRow, 'id' | 'name' | 'roles'>;
  /** What this API key used the idempotency key of the request for; null when for nothing yet. */
  used: UsedKey | null;
}

/**
 * Whose key this is. Null for anything else than a valid key of an active member: malformed,
 * unknown, wrong secret, expired, revoked. The workspace comes from here and from nowhere else.
 * @param request `idempotencyKey` as it was sent: read along, because it saves a round trip.
 */
export async function authenticateApiKey(
  db: Db,
  keyText: string,
  { idempotencyKey = null }: { idempotencyKey?: string | null } = {},
): Promise<Authenticated | null> {
  const presented = readKeyText(keyText);
  if (presented === null) return null;
  return byCredential({ of: 'api_keys', id: presented.apiKeyId }, async () => {
    const [found] = await findKey(db).execute({ id: presented.apiKeyId, idempotencyKey });
    if (!(await isAccepted(db, presented, found?.key)) || found === undefined) return null;
    const { key, member, used } = found;
    return { apiKeyId: key.id, workspaceId: key.workspaceId, member, used };
  });
}

/** A key as it was presented, not yet checked. */
export interface PresentedKey {
  apiKeyId: string;
  secret: string;
}

/** Null when the text has not the form of a key. */
export function readKeyText(keyText: string): PresentedKey | null {
  const [, ulid, secret] = KEY_TEXT.exec(keyText) ?? [];
  if (ulid === undefined || secret === undefined) return null;
  return { apiKeyId: `${ID_PREFIXES.apiKey}_${ulid}`, secret };
}

/** Columns that `isAccepted` needs, in a query over `api_keys` joined with its member. */
export const keyColumns = {
  id: apiKeys.id,
  workspaceId: apiKeys.workspaceId,
  secretHash: apiKeys.secretHash,
  isValid: sql<boolean>`${apiKeys.revokedAt} is null
    and (${apiKeys.expiresAt} is null or ${apiKeys.expiresAt} > now())
    and ${members.active}`,
  isUsedLately: sql<boolean>`coalesce(${apiKeys.lastUsedAt} > ${usedBefore()}, false)`,
};

interface KeyRow {
  id: string;
  secretHash: Buffer;
  isValid: boolean;
  isUsedLately: boolean;
}

/** Checks the secret, also of a key that was not found, and notes the use of one that is good. */
export async function isAccepted(
  db: Db,
  { secret }: PresentedKey,
  found: KeyRow | undefined,
): Promise<boolean> {
  const matches = timingSafeEqual(hashSecret(secret), found?.secretHash ?? NO_HASH);
  if (found === undefined || !matches || !found.isValid) return false;
  if (!found.isUsedLately) await noteUse(db, found.id);
  return true;
}

/** Keys of a workspace, or of one of its members, oldest first. */
export async function listApiKeys(
  db: Db,
  {
    workspaceId,
    memberId,
    ...request
  }: PageRequest & { workspaceId: string; memberId?: string | undefined },
): Promise<Page<ApiKeyInfo>> {
  const page = pageBy(apiKeys, 'createdAt', request);
  const rows = await db
    .select(infoColumns)
    .from(apiKeys)
    .where(
      and(
        eq(apiKeys.workspaceId, workspaceId),
        ...ifGiven(memberId, (id) => eq(apiKeys.memberId, id)),
        page.after,
      ),
    )
    .orderBy(...page.order)
    .limit(page.limit);
  return page.of(rows);
}

/**
 * Ends a key for good. Again is fine.
 * @param memberId whose key it has to be; left out for any of the workspace.
 * @returns false when there is no such key.
 */
export async function revokeApiKey(
  db: Db,
  {
    workspaceId,
    apiKeyId,
    memberId,
  }: { workspaceId: string; apiKeyId: string; memberId?: string | undefined },
): Promise<boolean> {
  const { rowCount } = await db
    .update(apiKeys)
    .set({ revokedAt: sql`coalesce(${apiKeys.revokedAt}, now())` })
    .where(
      and(
        eq(apiKeys.id, apiKeyId),
        eq(apiKeys.workspaceId, workspaceId),
        ...ifGiven(memberId, (id) => eq(apiKeys.memberId, id)),
      ),
    );
  return rowCount === 1;
}

const findKey = preparedOnce((db) =>
  db
    .select({
      key: keyColumns,
      member: { id: members.id, name: members.name, roles: members.roles },
      used: idempotencyKeys,
    })
    .from(apiKeys)
    .innerJoin(members, isHolder())
    .leftJoin(idempotencyKeys, isSentKey())
    .where(eq(apiKeys.id, sql.placeholder('id')))
    .prepare('find_api_key'),
);

/** Joins a key with its member. */
export function isHolder() {
  return and(eq(members.id, apiKeys.memberId), eq(members.workspaceId, apiKeys.workspaceId));
}

/** Joins a key with what it used the idempotency key of the request for. */
export function isSentKey() {
  return and(
    eq(idempotencyKeys.apiKeyId, apiKeys.id),
    eq(idempotencyKeys.workspaceId, apiKeys.workspaceId),
    eq(idempotencyKeys.key, sql.placeholder('idempotencyKey')),
  );
}

async function noteUse(db: Db, apiKeyId: string): Promise<void> {
  await db
    .update(apiKeys)
    .set({ lastUsedAt: sql`now()` })
    .where(
      and(
        eq(apiKeys.id, apiKeyId),
        or(isNull(apiKeys.lastUsedAt), lt(apiKeys.lastUsedAt, usedBefore())),
      ),
    );
}

function usedBefore() {
  return sql`now() - ${USED_EVERY_SECONDS} * interval '1 second'`;
}

function hashSecret(secret: string): Buffer {
  return createHash('sha256').update(secret, 'utf8').digest();
}
