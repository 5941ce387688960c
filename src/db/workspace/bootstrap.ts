import type { ChannelId } from '../../domain/channel/channels.ts';
import type { PlatformTags } from '../../domain/people/member.ts';
import type { Role } from '../../domain/people/roles.ts';
import type { Playbook } from '../../domain/playbook/playbook.ts';
import type { Db } from '../client.ts';
import { newId } from '../ids.ts';
import { workspaces } from '../schema/index.ts';
import type { WorkspaceCalendar } from '../schema/workspaces.ts';
import { inTransaction } from '../transaction.ts';
import { inWorkspace, OPERATOR } from '../workspace-scope.ts';
import { createApiKey } from './api-keys.ts';
import { insertChannelAccount } from './channel-accounts.ts';
import { insertMember } from './members.ts';
import { insertPlaybook } from './playbooks.ts';

export interface WorkspacePlan {
  name: string;
  calendar: WorkspaceCalendar;
  /** At least one role each; the first one names the member in the result. */
  members: readonly {
    name: string;
    roles: readonly [Role, ...Role[]];
    platformTags?: PlatformTags;
    skillTags?: readonly string[];
  }[];
  channelAccounts: readonly { channel: ChannelId; name: string; zone: string }[];
  playbook: Playbook;
}

export interface BootstrappedWorkspace {
  workspaceId: string;
  /** `key` is the only copy of the member's API key. */
  members: { role: Role; memberId: string; name: string; key: string }[];
  channelAccounts: { channelAccountId: string; channel: ChannelId; name: string }[];
}

/**
 * Makes a workspace with its members, a key for each, channel accounts and first playbook, or
 * nothing of it.
 * @returns null when a workspace of this name exists.
 */
export function bootstrapWorkspace(
  db: Db,
  plan: WorkspacePlan,
): Promise<BootstrappedWorkspace | null> {
  const workspaceId = newId('workspace');
  const make = async (tx: Db) => {
    const created = await tx
      .insert(workspaces)
      .values({ id: workspaceId, name: plan.name, calendar: plan.calendar })
      .onConflictDoNothing()
      .returning({ id: workspaces.id });
    if (created.length === 0) return null;
    await insertPlaybook(tx, { workspaceId, playbook: plan.playbook });
    const members: BootstrappedWorkspace['members'] = [];
    for (const { name, roles, platformTags = {}, skillTags = [] } of plan.members) {
      const { id: memberId } = await insertMember(tx, {
        workspaceId,
        name,
        platformTags,
        roles: [...roles],
        skillTags: [...skillTags],
      });
      const { key } = await createApiKey(tx, {
        workspaceId,
        memberId,
        name: `first key of ${name}`,
      });
      members.push({ role: roles[0], memberId, name, key });
    }
    const channelAccounts: BootstrappedWorkspace['channelAccounts'] = [];
    for (const account of plan.channelAccounts) {
      const { id, channel, name } = await insertChannelAccount(tx, { workspaceId, ...account });
      channelAccounts.push({ channelAccountId: id, channel, name });
    }
    return { workspaceId, members, channelAccounts };
  };
  return inWorkspace({ workspaceId, actor: OPERATOR }, () => inTransaction(db, make));
}
