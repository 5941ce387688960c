import { and, asc, desc, eq, sql } from 'drizzle-orm';
import { ulid } from 'ulid';
import type { Playbook } from '../../domain/playbook/playbook.ts';
import type { Db } from '../client.ts';
import { ifGiven } from '../conditions.ts';
import { decodeVersionCursor, type Page, type PageRequest, pageLimit, toPage } from '../paging.ts';
import { playbooks } from '../schema/index.ts';

export type PlaybookRow = typeof playbooks.$inferSelect;

/**
 * Adds a version of a playbook; a stored one never changes.
 * @returns null when this version of this name stands already.
 */
export async function insertPlaybook(
  db: Db,
  { workspaceId, playbook }: { workspaceId: string; playbook: Playbook },
): Promise<PlaybookRow | null> {
  const { name, version } = playbook;
  const [row] = await db
    .insert(playbooks)
    .values({ id: `plb_${ulid()}`, workspaceId, name, version, data: playbook })
    .onConflictDoNothing()
    .returning();
  return row ?? null;
}

/** One version of a playbook, the newest when none is named. */
export async function getPlaybook(
  db: Db,
  key: { workspaceId: string; name: string; version?: number | undefined },
): Promise<PlaybookRow | null> {
  const [row] = await db
    .select()
    .from(playbooks)
    .where(
      and(
        eq(playbooks.workspaceId, key.workspaceId),
        eq(playbooks.name, key.name),
        ...ifGiven(key.version, (version) => eq(playbooks.version, version)),
      ),
    )
    .orderBy(desc(playbooks.version))
    .limit(1);
  return row ?? null;
}

/** Every version of every playbook, by name and version. */
export async function listPlaybooks(
  db: Db,
  { workspaceId, ...request }: PageRequest & { workspaceId: string },
): Promise<Page<PlaybookRow>> {
  const limit = pageLimit(request);
  const rows = await db
    .select()
    .from(playbooks)
    .where(
      and(
        eq(playbooks.workspaceId, workspaceId),
        ...ifGiven(request.cursor, (cursor) => {
          const { name, version } = decodeVersionCursor(cursor);
          return sql`(${playbooks.name}, ${playbooks.version}) > (${name}, ${version}::integer)`;
        }),
      ),
    )
    .orderBy(asc(playbooks.name), asc(playbooks.version))
    .limit(limit + 1);
  return toPage(rows, limit, ({ name, version }) => [name, version]);
}
