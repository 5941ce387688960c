import { createHash, randomBytes } from 'node:crypto';
import { and, asc, count, eq, getTableColumns, isNull, sql } from 'drizzle-orm';
import { foldName, MAX_LINKS, samePerson } from '../../domain/item/requirements/approval-link.ts';
import type { Db } from '../client.ts';
import { newId } from '../ids.ts';
import { type Page, type PageRequest, pageBy } from '../paging.ts';
import { approvalLinks, commands, members } from '../schema/index.ts';
import { byCredential } from '../workspace-scope.ts';
import type { CommandRow } from './commands.ts';
import { type ItemKey, isOfItem } from './items.ts';

/** A link without what its secret is known by. */
export type ApprovalLinkRow = Omit<typeof approvalLinks.$inferSelect, 'secretHash' | 'nameKey'>;

const { secretHash: _, nameKey: __, ...linkColumns } = getTableColumns(approvalLinks);

/** A link and the command that was given by it, if one was. */
export interface GivenLink {
  link: ApprovalLinkRow;
  command: CommandRow | null;
}

/** Members with one address who are told apart. */
const MAX_ALIKE = 20;

/** 32 random bytes, base64url. */
const TOKEN = /^[A-Za-z0-9_-]{43}$/;

export type NewApprovalLink = ItemKey &
  Pick<ApprovalLinkRow, 'role' | 'contentHash' | 'approvalSet' | 'name' | 'expiresAt'> & {
    email?: string | undefined;
    /** Null for the system, which asks whom the playbook names. */
    issuedBy: string | null;
  };

/** Id of the one command that a link gives. */
export function linkCommandId(linkId: string): string {
  return `link:${linkId}`;
}

/** Where somebody answers who has the token. */
export function approvalPath(token: string): string {
  return `/approve/${token}`;
}

/** Makes a link. `token` is its only copy: whoever has it may decide. */
export async function createApprovalLink(
  db: Db,
  { email, ...link }: NewApprovalLink,
): Promise<{ id: string; token: string }> {
  const id = newId('approvalLink');
  const token = randomBytes(32).toString('base64url');
  await db.insert(approvalLinks).values({
    id,
    ...link,
    nameKey: foldName(link.name),
    email: email?.toLowerCase() ?? null,
    secretHash: hashToken(token),
  });
  return { id, token };
}

/** The link of a token, revoked and old ones too. The token has 256 random bits. */
export async function findApprovalLink(db: Db, token: string): Promise<ApprovalLinkRow | null> {
  if (!TOKEN.test(token)) return null;
  const secretHash = hashToken(token);
  const [row] = await byCredential({ of: 'approval_links', secretHash }, () =>
    db
      .select(linkColumns)
      .from(approvalLinks)
      .where(eq(approvalLinks.secretHash, secretHash))
      .execute(),
  );
  return row ?? null;
}

/** Links of an item with what was decided by them, oldest first. */
export async function listApprovalLinks(
  db: Db,
  request: ItemKey & PageRequest,
): Promise<Page<GivenLink>> {
  const page = pageBy(approvalLinks, 'createdAt', request);
  const rows = await db
    .select({ link: linkColumns, command: commands })
    .from(approvalLinks)
    .leftJoin(commands, isOwnCommand())
    .where(and(isOfItem(approvalLinks, request), page.after))
    .orderBy(...page.order)
    .limit(page.limit);
  const { items, nextCursor } = page.of(rows.map((row) => ({ ...row.link, row })));
  return { items: items.map(({ row }) => row), nextCursor };
}

export async function getApprovalLink(
  db: Db,
  { id, ...key }: ItemKey & { id: string },
): Promise<GivenLink | null> {
  const [row] = await db
    .select({ link: linkColumns, command: commands })
    .from(approvalLinks)
    .leftJoin(commands, isOwnCommand())
    .where(and(isOfItem(approvalLinks, key), eq(approvalLinks.id, id)));
  return row ?? null;
}

/** How many links an item has had; nobody adds one until the transaction ends. */
export async function countApprovalLinks(tx: Db, key: ItemKey): Promise<number> {
  await tx.execute(
    sql`select pg_advisory_xact_lock(hashtextextended(${`links:${key.itemId}`}, 0))`,
  );
  const [row] = await tx
    .select({ links: count() })
    .from(approvalLinks)
    .where(isOfItem(approvalLinks, key));
  return row?.links ?? 0;
}

/** @returns false when the item has no such link, or it was revoked before. */
export async function revokeApprovalLink(
  db: Db,
  { id, revokedBy, ...key }: ItemKey & { id: string; revokedBy: string },
): Promise<boolean> {
  const { rowCount } = await db
    .update(approvalLinks)
    .set({ revokedAt: sql`now()`, revokedBy })
    .where(
      and(isOfItem(approvalLinks, key), eq(approvalLinks.id, id), isNull(approvalLinks.revokedAt)),
    );
  return rowCount === 1;
}

/** Under which other ids whoever decides may have written or decided on the item (`samePerson`). */
export async function listSamePerson(
  db: Db,
  { actorId, ...key }: ItemKey & { actorId: string },
): Promise<string[]> {
  const { id, issuedBy, email, nameKey } = approvalLinks;
  // Spelled out: the query layer leaves the table's name off in a selected expression.
  const memberIds = sql<string[]>`array(
    select m.id from ${members} m where m.workspace_id = approval_links.workspace_id
      and lower(m.email) = approval_links.email order by m.id limit ${MAX_ALIKE})`;
  const links = await db
    .select({ id, issuedBy, email, nameKey, memberIds })
    .from(approvalLinks)
    .where(isOfItem(approvalLinks, key))
    .orderBy(asc(id))
    .limit(MAX_LINKS);
  return samePerson(links, actorId);
}

function isOwnCommand() {
  return and(
    eq(commands.id, sql`'link:' || ${approvalLinks.id}`),
    eq(commands.workspaceId, approvalLinks.workspaceId),
  );
}

function hashToken(token: string): Buffer {
  return createHash('sha256').update(token, 'utf8').digest();
}
