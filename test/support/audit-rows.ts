import { randomUUID } from 'node:crypto';
import { eq } from 'drizzle-orm';
import type { Db } from '../../src/db/client.ts';
import { newId } from '../../src/db/ids.ts';
import { insertItem } from '../../src/db/item/items.ts';
import { projectEvents } from '../../src/db/item/projection.ts';
import { items, members, workspaces } from '../../src/db/schema/index.ts';
import { insertPlaybook } from '../../src/db/workspace/playbooks.ts';
import type { Actor } from '../../src/domain/item/context.ts';
import { chainEvents, GENESIS_HASH } from '../../src/domain/item/event.ts';
import { itemRowOf } from '../../src/domain/item/row.ts';
import type { ItemSnapshot } from '../../src/domain/item/run.ts';
import { STANDARD_PLAYBOOK } from '../../src/domain/playbook/standard.ts';
import { CAST, type TestRun } from '../machine/item-fixture.ts';

export interface AuditWorkspace {
  workspaceId: string;
  /** The member of this workspace who plays a member of the machine's tests. */
  idOf(castId: string): string;
}

/** A workspace with everyone of the machine's tests as a member. */
export async function makeAuditWorkspace(db: Db): Promise<AuditWorkspace> {
  const workspaceId = newId('workspace');
  const suffix = randomUUID().slice(0, 8);
  const idOf = (castId: string) => `${castId}_${suffix}`;
  const calendar = {
    zone: 'Europe/Paris',
    workdays: [1, 2, 3, 4, 5],
    from: '09:00',
    to: '18:00',
    holidaysCountry: 'FR',
  };
  await db.insert(workspaces).values({ id: workspaceId, name: `audit ${suffix}`, calendar });
  await insertPlaybook(db, { workspaceId, playbook: STANDARD_PLAYBOOK });
  const cast: Actor[] = Object.values(CAST);
  for (const { memberId, roles, platformTags } of cast) {
    const id = idOf(memberId);
    await db.insert(members).values({ id, workspaceId, name: id, roles: [...roles], platformTags });
  }
  return { workspaceId, idOf };
}

/**
 * Stores a run of the machine's tests as an item of the workspace: its row and its whole chain, with
 * ids of its own.
 */
export async function seedRun(
  db: Db,
  workspace: AuditWorkspace,
  run: TestRun,
  change: Partial<typeof items.$inferInsert> = {},
): Promise<string> {
  const { workspaceId } = workspace;
  const itemId = newId('item');
  const own = <T>(value: T): T => renamed(value, workspace, itemId);
  let head = { seq: 0, hash: GENESIS_HASH };
  const events = run.events.flatMap((event) => {
    const { type, data, at, actor } = own(event);
    const links = chainEvents(head, [{ type, data }], { at, actor });
    head = links.at(-1) ?? head;
    return links;
  });
  const row = itemRowOf(own<ItemSnapshot>(run.snapshot), head.seq);
  await insertItem(db, {
    id: itemId,
    workspaceId,
    title: `item ${itemId}`,
    campaignId: null,
    playbookName: STANDARD_PLAYBOOK.name,
    playbookVersion: STANDARD_PLAYBOOK.version,
    createdBy: workspace.idOf(CAST.strategist.memberId),
    ...row,
  });
  await projectEvents(db, { workspaceId, itemId, events, item: row });
  if (Object.keys(change).length > 0) {
    await db.update(items).set(change).where(eq(items.id, itemId));
  }
  return itemId;
}

/** The same with the ids of the workspace and the item: what a run derives ids from, and members. */
function renamed<T>(value: T, workspace: AuditWorkspace, itemId: string): T {
  const text = JSON.stringify(value)
    .replaceAll('itm_test', itemId)
    .replaceAll('wsp_test', workspace.workspaceId)
    .replaceAll(/\b(pub|hnd|rev)_test_/g, `$1_${itemId.replace(/^itm_/, '')}_`)
    .replaceAll(/"(mbr_[a-z_]+)"/g, (_, castId: string) => `"${workspace.idOf(castId)}"`);
  return JSON.parse(text) as T;
}
