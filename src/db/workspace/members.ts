import { and, arrayContains, asc, eq, inArray, sql } from 'drizzle-orm';
import type { Holders } from '../../domain/item/commands/facts.ts';
import type { Actor } from '../../domain/item/context.ts';
import type { Role } from '../../domain/people/roles.ts';
import type { Db } from '../client.ts';
import { ifGiven } from '../conditions.ts';
import { newId } from '../ids.ts';
import { type Page, type PageRequest, pageBy } from '../paging.ts';
import { preparedOnce } from '../prepared.ts';
import { members, workspaces } from '../schema/index.ts';
import { inTransaction } from '../transaction.ts';

export type MemberRow = typeof members.$inferSelect;

export type NewMember = { workspaceId: string; name: string; roles: Role[] } & Partial<
  Pick<
    MemberRow,
    'skillTags' | 'platformTags' | 'profileTags' | 'backupId' | 'email' | 'language' | 'zone'
  >
>;

export type MemberChange = Partial<Omit<MemberRow, 'id' | 'workspaceId' | 'createdAt'>>;

interface MemberKey {
  workspaceId: string;
  memberId: string;
}

export async function insertMember(db: Db, member: NewMember): Promise<MemberRow> {
  const [row] = await db
    .insert(members)
    .values({ id: newId('member'), ...member })
    .returning();
  if (row === undefined) throw new Error('insert of a member returned no row');
  return row;
}

/** @returns null when the workspace has no such member. */
export async function updateMember(
  db: Db,
  { change, ...key }: MemberKey & { change: MemberChange },
): Promise<MemberRow | null> {
  if (Object.keys(change).length === 0) return getMember(db, key);
  const [row] = await db.update(members).set(change).where(isMember(key)).returning();
  return row ?? null;
}

/** Why a change of a member was not made. */
export type MemberRefusal = 'unknown' | 'not_admin' | 'last_admin';

/**
 * Changes a member as an admin of the workspace. Who takes the right of an admin away waits for
 * whoever does the same in this workspace: of two that demote each other, the second is no admin any
 * more, and somebody always is.
 * @param by the admin.
 */
export function changeMember(
  db: Db,
  { by, ...request }: MemberKey & { change: MemberChange; by: string },
): Promise<MemberRow | MemberRefusal> {
  if (!takesAdminAway(request.change)) {
    return updateMember(db, request).then((row) => row ?? 'unknown');
  }
  const { workspaceId, memberId } = request;
  return inTransaction(db, async (tx) => {
    await tx
      .select({ id: workspaces.id })
      .from(workspaces)
      .where(eq(workspaces.id, workspaceId))
      .for('no key update');
    const { admin: admins = [] } = await listHolders(tx, { workspaceId });
    if (!admins.includes(by)) return 'not_admin';
    if (admins.every((id) => id === memberId)) return 'last_admin';
    return (await updateMember(tx, request)) ?? 'unknown';
  });
}

function takesAdminAway({ active, roles }: MemberChange): boolean {
  return active === false || (roles !== undefined && !roles.includes('admin'));
}

export async function getMember(db: Db, key: MemberKey): Promise<MemberRow | null> {
  const [row] = await db.select().from(members).where(isMember(key));
  return row ?? null;
}

/** Names by id, of the members that are named. */
export async function readMemberNames(
  db: Db,
  { workspaceId, memberIds }: { workspaceId: string; memberIds: readonly string[] },
): Promise<Map<string, string>> {
  const rows = await db
    .select({ id: members.id, name: members.name })
    .from(members)
    .where(and(eq(members.workspaceId, workspaceId), inArray(members.id, [...memberIds])));
  return new Map(rows.map(({ id, name }) => [id, name]));
}

/** Every member of a workspace, in the order they joined. */
export async function listMembers(
  db: Db,
  { workspaceId }: { workspaceId: string },
): Promise<MemberRow[]> {
  return db
    .select()
    .from(members)
    .where(eq(members.workspaceId, workspaceId))
    .orderBy(asc(members.createdAt), asc(members.id));
}

/** Members in the order they joined, page by page. */
export async function pageMembers(
  db: Db,
  request: PageRequest & {
    workspaceId: string;
    role?: Role | undefined;
    active?: boolean | undefined;
  },
): Promise<Page<MemberRow>> {
  const page = pageBy(members, 'createdAt', request);
  const rows = await db
    .select()
    .from(members)
    .where(
      and(
        eq(members.workspaceId, request.workspaceId),
        ...ifGiven(request.role, (role) => arrayContains(members.roles, [role])),
        ...ifGiven(request.active, (active) => eq(members.active, active)),
        page.after,
      ),
    )
    .orderBy(...page.order)
    .limit(page.limit);
  return page.of(rows);
}

/** Active members per role, as guards need them. A role that nobody holds is left out. */
export async function listHolders(
  db: Db,
  { workspaceId }: { workspaceId: string },
): Promise<Holders> {
  const holders: Holders = {};
  for (const { id, roles } of await findActive(db).execute({ workspaceId })) {
    for (const role of roles) holders[role] = [...(holders[role] ?? []), id];
  }
  return holders;
}

const findActive = preparedOnce((db) =>
  db
    .select({ id: members.id, roles: members.roles })
    .from(members)
    .where(and(eq(members.workspaceId, sql.placeholder('workspaceId')), eq(members.active, true)))
    .orderBy(asc(members.createdAt), asc(members.id))
    .prepare('find_active_members'),
);

/** What the run is told about who acts; null for someone who is not an active member. */
export async function readActor(db: Db, key: MemberKey): Promise<Actor | null> {
  const member = await getMember(db, key);
  if (member === null || !member.active) return null;
  const backedUp = await db
    .select({ id: members.id })
    .from(members)
    .where(and(eq(members.workspaceId, key.workspaceId), eq(members.backupId, key.memberId)))
    .orderBy(asc(members.id));
  return {
    memberId: member.id,
    roles: member.roles,
    platformTags: member.platformTags,
    backupFor: backedUp.map(({ id }) => id),
  };
}

function isMember({ workspaceId, memberId }: MemberKey) {
  return and(eq(members.id, memberId), eq(members.workspaceId, workspaceId));
}
