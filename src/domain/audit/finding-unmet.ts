import type { Holders } from '../item/commands/facts.ts';
import type { CommandType } from '../item/commands.ts';
import type { Actor } from '../item/context.ts';
import type { Unmet } from '../item/requirements/catalogue.ts';
import type { Inquiry } from '../item/requirements/requirements.ts';
import type { WaitingOn } from '../item/responsible.ts';
import { COMMAND_TYPES } from '../item/rules.ts';
import { type ItemSnapshot, unmetFor } from '../item/run.ts';
import type { PlatformTags } from '../people/member.ts';
import type { Role } from '../people/roles.ts';

/** What the audit knows of a member. */
export interface AuditMember {
  id: string;
  roles: readonly Role[];
  platformTags: PlatformTags;
  backupId: string | null;
  active: boolean;
}

export interface AuditItem {
  snapshot: ItemSnapshot;
  seq: number;
  /** ISO instant by the item's own clock. */
  at: string;
  waitingOn: readonly WaitingOn[];
}

/**
 * What stands in the way of the commands that an item waits for, judged by the guards as whoever is
 * waited for: the member, or of a role the holder with the least in the way.
 */
export function unmetOfWaits(item: AuditItem, members: readonly AuditMember[]): Unmet[] {
  const found = new Map<string, Unmet>();
  for (const unmet of item.waitingOn.flatMap((waited) => unmetOfWait(item, waited, members))) {
    found.set(`${unmet.code} ${unmet.role ?? ''} ${unmet.message}`, unmet);
  }
  return [...found.values()];
}

function unmetOfWait(
  item: AuditItem,
  { role, memberId, for: command }: WaitingOn,
  members: readonly AuditMember[],
): Unmet[] {
  const type = COMMAND_TYPES.find((known) => known === command);
  if (type === undefined) return [];
  if (memberId !== undefined) {
    const member = members.find(({ id }) => id === memberId);
    if (member === undefined || !member.active) {
      const message = `${memberId} is not an active member of this workspace`;
      return [{ code: 'receiver_active', message, role }];
    }
    return judge(item, type, member, members);
  }
  const holders = members.filter(({ active, roles }) => active && roles.includes(role));
  const judged = holders.map((holder) => judge(item, type, holder, members));
  const [least] = judged.sort((a, b) => a.length - b.length);
  const nobody = `no active member holds the role ${role}`;
  return least ?? [{ code: 'receiver_exists', message: nobody, role }];
}

function judge(
  { snapshot, seq, at }: AuditItem,
  type: CommandType,
  member: AuditMember,
  members: readonly AuditMember[],
): Unmet[] {
  const actor: Actor = {
    memberId: member.id,
    roles: [...member.roles],
    platformTags: member.platformTags,
    backupFor: members.filter(({ backupId }) => backupId === member.id).map(({ id }) => id),
  };
  return unmetFor(snapshot, seq, inquiryOf(type, actor, holdersOf(members), at));
}

function holdersOf(members: readonly AuditMember[]): Holders {
  const holders: Holders = {};
  for (const { id, roles } of members.filter(({ active }) => active)) {
    for (const role of roles) holders[role] = [...(holders[role] ?? []), id];
  }
  return holders;
}

/** With `refs: null` the guards ask of the facts only who holds which role: the same for every type. */
function inquiryOf(type: CommandType, actor: Actor, holders: Holders, at: string): Inquiry {
  const facts = { holders, slots: [], receiverRoles: [], receiverActive: true };
  return { type, actor, refs: null, facts, at } as Inquiry;
}
