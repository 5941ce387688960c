import type { Db } from '../../src/db/client.ts';
import { newId } from '../../src/db/ids.ts';
import { insertItem } from '../../src/db/item/items.ts';
import { bootstrapWorkspace } from '../../src/db/workspace/bootstrap.ts';
import { itemRowOf } from '../../src/domain/item/row.ts';
import { startItem } from '../../src/domain/item/run.ts';
import { pinPlaybook } from '../../src/domain/playbook/pin.ts';
import { STANDARD_PLAYBOOK } from '../../src/domain/playbook/standard.ts';

const WORKSPACES = 3;
const ITEMS = 1_000;

/** A workspace among others that are as full as it is. */
export interface Ground {
  workspaceId: string;
  memberId: string;
  itemId: string;
}

/** @returns the last workspace and one of its items. */
export async function fillWorkspaces(db: Db): Promise<Ground> {
  let ground: Ground | null = null;
  for (let number = 1; number <= WORKSPACES; number += 1) {
    ground = await fillWorkspace(db, `Bench ${number}`);
  }
  await db.$client.query('analyze');
  if (ground === null) throw new Error('no workspace was made');
  return ground;
}

async function fillWorkspace(db: Db, name: string): Promise<Ground> {
  const made = await bootstrapWorkspace(db, {
    name,
    calendar: { zone: 'UTC', workdays: [1], from: '09:00', to: '18:00', holidaysCountry: 'FR' },
    playbook: STANDARD_PLAYBOOK,
    members: [{ name: 'Everybody', roles: ['strategist', 'creator', 'social_media_manager'] }],
    channelAccounts: [],
  });
  const memberId = made?.members[0]?.memberId;
  if (made === null || memberId === undefined) throw new Error(`${name} is there already`);
  const { workspaceId } = made;
  const team = { strategist: memberId, creator: memberId, social_media_manager: memberId };
  const playbook = pinPlaybook(STANDARD_PLAYBOOK);
  let itemId = '';
  for (let count = 0; count < ITEMS; count += 1) {
    itemId = newId('item');
    const at = new Date().toISOString();
    const input = { itemId, workspaceId, playbook, team, campaign: null, brief: null, at };
    await insertItem(db, {
      ...itemRowOf(startItem(input).snapshot, 1),
      id: itemId,
      workspaceId,
      title: `item ${count}`,
      campaignId: null,
      playbookName: playbook.name,
      playbookVersion: playbook.version,
      createdBy: memberId,
    });
  }
  return { workspaceId, memberId, itemId };
}
