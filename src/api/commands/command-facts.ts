import { listChannelAccounts } from '../../db/channel-accounts.ts';
import type { Db } from '../../db/client.ts';
import type { StoredItem } from '../../db/items.ts';
import type { SlotRequest } from '../../domain/command-bodies.ts';
import type { ClockFacts, PlannedSlot, SlotFacts } from '../../domain/item-commands.ts';
import type { PinnedPlaybook } from '../../domain/item-context.ts';
import { CLOCKED_STAGES } from '../../domain/stages.ts';
import { type BusinessCalendar, clockSteps } from '../../time/business-calendar.ts';
import { instantToLocal, resolveLocalTime } from '../../time/zoned-time.ts';
import type { BodyIssue } from './command-outcome.ts';

/** The item's own time: real time plus what time travel put its run ahead (local stack only). */
export function itemTime(item: Pick<StoredItem, 'clockOffsetMs'> | null): string {
  return new Date(Date.now() + (item?.clockOffsetMs ?? 0)).toISOString();
}

/** Clocks for every stage that may begin at `now`, by the business calendar of the workspace. */
export function clockFacts({
  calendar,
  playbook,
  now,
}: {
  calendar: BusinessCalendar;
  playbook: Pick<PinnedPlaybook, 'clocks'>;
  now: string;
}): ClockFacts {
  const clocks: ClockFacts = {};
  for (const stage of CLOCKED_STAGES) {
    const [half, most, full, over] = clockSteps(now, playbook.clocks[stage], calendar);
    clocks[stage] = [Date.parse(half), Date.parse(most), Date.parse(full), Date.parse(over)];
  }
  return clocks;
}

export interface ResolvedSlots {
  slots: PlannedSlot[];
  facts: SlotFacts[];
  issues: BodyIssue[];
  warnings: { code: string; message: string }[];
}

/**
 * Resolves asked times against the accounts' zones. Wall times that do not exist or exist twice are
 * issues that name both instants; what the machine can name as a requirement is a problem of the slot.
 */
export async function resolveSlots(
  db: Db,
  workspaceId: string,
  requests: readonly { path: (string | number)[]; slot: SlotRequest }[],
): Promise<ResolvedSlots> {
  const accounts = new Map(
    (await listChannelAccounts(db, { workspaceId })).map((account) => [account.id, account]),
  );
  const resolved: ResolvedSlots = { slots: [], facts: [], issues: [], warnings: [] };
  for (const { path, slot } of requests) {
    const account = accounts.get(slot.channelAccountId);
    if (account === undefined) {
      resolved.issues.push({
        path: [...path, 'channelAccountId'],
        message: `${slot.channelAccountId} is not a channel account of this workspace`,
      });
      continue;
    }
    const zone = slot.zone ?? account.zone;
    const time = resolveTime(slot, zone, path);
    if ('issue' in time) {
      resolved.issues.push(time.issue);
      continue;
    }
    if (slot.variant !== undefined && slot.variant !== account.channel) {
      resolved.issues.push({
        path: [...path, 'variant'],
        message: `the account publishes to ${account.channel}, not to ${slot.variant}`,
      });
      continue;
    }
    resolved.slots.push({
      channelAccountId: account.id,
      channel: account.channel,
      at: time.at,
      local: time.local,
      zone,
    });
    resolved.facts.push({
      channelAccountId: account.id,
      problems: problemsOf(account, time.at),
      warnings: [],
    });
  }
  return resolved;
}

function problemsOf(
  account: { id: string; active: boolean; tokenExpiresAt: string | null },
  at: string,
): SlotFacts['problems'] {
  const problems: SlotFacts['problems'] = [];
  if (!account.active) {
    problems.push({ code: 'slot_valid', message: `the account ${account.id} is not active` });
  }
  if (account.tokenExpiresAt !== null && Date.parse(account.tokenExpiresAt) <= Date.parse(at)) {
    problems.push({
      code: 'token_valid_past_slot',
      message: `the token of ${account.id} expires at ${account.tokenExpiresAt}, before ${at}`,
    });
  }
  return problems;
}

function resolveTime(
  slot: { at?: string | undefined; local?: string | undefined },
  zone: string,
  path: (string | number)[],
): { at: string; local: string } | { issue: BodyIssue } {
  if (slot.local !== undefined) {
    const time = resolveLocalTime({ local: slot.local, zone });
    if (time.ok) return { at: time.at, local: slot.local };
    const field = time.code === 'unknown_zone' ? 'zone' : 'local';
    return {
      issue: {
        path: [...path, field],
        message: time.message,
        ...('choices' in time && { choices: time.choices.map(({ at }) => at) }),
      },
    };
  }
  const at = new Date(slot.at ?? '').toISOString();
  const local = instantToLocal({ at, zone });
  return local === null
    ? { issue: { path: [...path, 'zone'], message: `${zone} is not an IANA time zone` } }
    : { at, local };
}
