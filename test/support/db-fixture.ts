import { randomUUID } from 'node:crypto';
import { createDb, type Database, type Db } from '../../src/db/client.ts';
import { newId } from '../../src/db/ids.ts';
import { insertCommand } from '../../src/db/item/commands.ts';
import { insertItem, type StoredItem } from '../../src/db/item/items.ts';
import {
  type BootstrappedWorkspace,
  bootstrapWorkspace,
} from '../../src/db/workspace/bootstrap.ts';
import { chainEvents, GENESIS_HASH, type ItemEvent } from '../../src/domain/item/event.ts';
import { type ItemRow, itemRowOf } from '../../src/domain/item/row.ts';
import { startItem } from '../../src/domain/item/run.ts';
import type { Role } from '../../src/domain/people/roles.ts';
import { STANDARD_PLAYBOOK } from '../../src/domain/playbook/standard.ts';
import { createTestDatabase } from './stack-database.ts';

/** A fresh database for one test file. */
export interface OpenTestDb extends Database {
  url: string;
  /** The queries of a program: its role is held by row security, and nothing runs outside a scope. */
  program: Db;
  programUrl: string;
}

/** A fresh database with small pools, one of them the owner's. `close` removes it. */
export async function openTestDb(max = 4): Promise<OpenTestDb> {
  const { url, programUrl, drop } = await createTestDatabase();
  // A busy machine takes seconds for a new connection.
  const shared = { max, connectionTimeoutMs: 10_000 };
  const database = createDb(url, { ...shared, applicationName: 'baton-test' });
  const ofProgram = { ...shared, applicationName: 'baton-test-program', scopedOnly: true };
  const program = createDb(programUrl, ofProgram);
  return {
    ...database,
    url,
    programUrl,
    program: program.db,
    async close() {
      await program.close();
      await database.close();
      await drop();
    },
  };
}

export type TestWorkspace = BootstrappedWorkspace & { memberOf(role: Role): string };

/** A workspace of the test's own: one member per owner role, an editor and a sandbox account. */
export async function makeWorkspace(db: Db): Promise<TestWorkspace> {
  const made = await bootstrapWorkspace(db, {
    name: `workspace ${randomUUID()}`,
    calendar: {
      zone: 'Europe/Paris',
      workdays: [1, 2, 3, 4, 5],
      from: '09:00',
      to: '18:00',
      holidaysCountry: 'FR',
    },
    members: [
      { name: 'Sacha', roles: ['strategist', 'admin'] },
      { name: 'Camille', roles: ['creator'], skillTags: ['writing'] },
      { name: 'Mo', roles: ['social_media_manager'], platformTags: { sandbox: 3, bluesky: 3 } },
      { name: 'Eden', roles: ['editor'] },
    ],
    channelAccounts: [{ channel: 'sandbox', name: 'Sandbox', zone: 'Europe/Paris' }],
    playbook: STANDARD_PLAYBOOK,
  });
  if (made === null) throw new Error('the name of a test workspace was taken');
  return {
    ...made,
    memberOf(role) {
      const member = made.members.find((candidate) => candidate.role === role);
      if (member === undefined) throw new Error(`no member is made for ${role}`);
      return member.memberId;
    },
  };
}

/** What an item is made in, and by whom. */
export type ItemGround = Pick<TestWorkspace, 'workspaceId' | 'memberOf'>;

/** The row of an item as its run starts, by the machine itself. */
export function firstRow(workspace: ItemGround, itemId: string, seq = 0): ItemRow {
  const { checklists, ...rules } = STANDARD_PLAYBOOK;
  const { snapshot } = startItem({
    itemId,
    workspaceId: workspace.workspaceId,
    playbook: {
      ...rules,
      checklists: {
        brief: checklists.brief.map(({ code }) => code),
        review: checklists.review.map(({ code }) => code),
      },
    },
    team: {
      strategist: workspace.memberOf('strategist'),
      creator: workspace.memberOf('creator'),
      social_media_manager: workspace.memberOf('social_media_manager'),
    },
    campaign: null,
    brief: null,
    at: '2026-03-02T08:00:00.000Z',
  });
  return itemRowOf(snapshot, seq);
}

export async function makeItem(
  db: Db,
  workspace: ItemGround,
  change: Partial<StoredItem> = {},
): Promise<StoredItem> {
  const id = newId('item');
  return insertItem(db, {
    id,
    workspaceId: workspace.workspaceId,
    title: `item ${id}`,
    campaignId: null,
    playbookName: STANDARD_PLAYBOOK.name,
    playbookVersion: STANDARD_PLAYBOOK.version,
    createdBy: workspace.memberOf('strategist'),
    ...firstRow(workspace, id),
    ...change,
  });
}

/** A chain of events as a run computes it, from seq 1. */
export function makeChain(length: number, data: Record<string, unknown> = {}): ItemEvent[] {
  const records = Array.from({ length }, (_, index) => ({
    type: index === 0 ? ('item.started' as const) : ('brief.saved' as const),
    data: { ...data, index },
  }));
  return chainEvents({ seq: 0, hash: GENESIS_HASH }, records, {
    at: '2026-03-02T08:00:00.123Z',
    actor: 'system',
  });
}

/** A stored command of the strategist, under an id of its own. */
export async function makeCommand(
  db: Db,
  workspace: ItemGround,
  itemId: string,
): Promise<{ workspaceId: string; id: string }> {
  const id = `http:key_test:${randomUUID()}`;
  const stored = await insertCommand(db, {
    id,
    workspaceId: workspace.workspaceId,
    itemId,
    source: 'http',
    type: 'hold',
    actorId: workspace.memberOf('strategist'),
    payload: { refs: {}, facts: {} },
    bodyHash: 'b'.repeat(64),
    expiresAt: new Date(Date.now() + 3_600_000).toISOString(),
  });
  if (stored.conflict) throw new Error('the id of a test command was taken');
  return { workspaceId: workspace.workspaceId, id };
}
