import { listChannelSchedules, NO_SCHEDULE } from '../db/calendar/channel-schedules.ts';
import type { Db } from '../db/client.ts';
import { lockSlots } from '../db/publishing/publications.ts';
import { type ChannelAccountRow, findChannelAccounts } from '../db/workspace/channel-accounts.ts';
import type { ChannelSchedule } from '../domain/channel/weekly-slots.ts';
import type { PlannedSlot, SlotFacts } from '../domain/item/commands/facts.ts';
import type { SlotRequest } from '../domain/item/commands/schedule.ts';
import type { ItemContext } from '../domain/item/context.ts';
import { clipText, MAX_SLOT_MESSAGES, MESSAGE_BYTES } from '../domain/item/size.ts';
import { findNextFreeSlot, NEXT_SLOT_WITHIN_DAYS } from '../slots/next-free-slot.ts';
import { slotsAfter } from '../slots/slot-start.ts';
import { spacingWarnings } from '../slots/spacing.ts';
import { instantToLocal, resolveLocalTime, tzdataVersion } from '../time/zoned-time.ts';
import type { BodyIssue } from './command-outcome.ts';
import { type SlotToCheck, slotProblems } from './slot-problems.ts';

export interface ResolvedSlots {
  slots: PlannedSlot[];
  facts: SlotFacts[];
  issues: BodyIssue[];
  warnings: { code: string; message: string }[];
}

export const NO_SLOTS: ResolvedSlots = { slots: [], facts: [], issues: [], warnings: [] };

export interface SlotQuestion {
  path: (string | number)[];
  slot: SlotRequest;
}

/** Who plans, and when by the item's own clock. */
export interface SlotPlanner {
  workspaceId: string;
  context: ItemContext;
  now: string;
  /** Whether the slots are bound to the content as it is; a tentative one only holds its time. */
  binds: boolean;
}

/**
 * "Now" is so far ahead, because the run judges the plan a little later than it was asked for. A plan
 * that takes longer to arrive is refused, not sent late.
 */
const NOW_MS = 10_000;

type Time = Pick<PlannedSlot, 'at' | 'local' | 'zone' | 'tzVersion'>;

/**
 * Resolves asked times against the accounts' zones and weekly slots. Wall times that do not exist or
 * exist twice are issues that name both instants; what the machine can name as a requirement is a
 * problem of the slot. `db` has to be the transaction that stores the command: the locks on the
 * accounts end with it, and from then on the stored command holds the slots and is seen by others.
 */
export async function resolveSlots(
  db: Db,
  planner: SlotPlanner,
  questions: readonly SlotQuestion[],
): Promise<ResolvedSlots> {
  const { workspaceId } = planner;
  const asked = [...new Set(questions.map(({ slot }) => slot.channelAccountId))];
  const accounts = await accountsById(db, { workspaceId, ids: asked });
  const known = asked.filter((id) => accounts.has(id)).sort();
  // In one order for everyone, so that two plans over the same accounts do not wait for each other.
  for (const id of known) await lockSlots(db, id);
  const schedules = await listChannelSchedules(db, { workspaceId, channelAccountIds: known });
  const resolved: ResolvedSlots = { slots: [], facts: [], issues: [], warnings: [] };
  const toCheck: SlotToCheck[] = [];
  for (const { path, slot } of questions) {
    const account = accounts.get(slot.channelAccountId);
    if (account === undefined) {
      resolved.issues.push({
        path: [...path, 'channelAccountId'],
        message: `${slot.channelAccountId} is not a channel account of this workspace`,
      });
      continue;
    }
    if (slot.variant !== undefined && slot.variant !== account.channel) {
      resolved.issues.push({
        path: [...path, 'variant'],
        message: `the account publishes to ${account.channel}, not to ${slot.variant}`,
      });
      continue;
    }
    const schedule = schedules.get(account.id) ?? NO_SCHEDULE;
    const time = await timeOf(db, { planner, account, schedule, slot, path });
    if ('message' in time) {
      resolved.issues.push(time);
      continue;
    }
    const { warnings, ...resolvedTime } = time;
    const { id, channel, name, zone } = account;
    const planned = { channelAccountId: id, channel, ...resolvedTime };
    resolved.slots.push(planned);
    toCheck.push({ slot: planned, account });
    const spacing = await spacingWarnings(db, {
      workspaceId,
      itemId: planner.context.itemId,
      account: { id, name, zone },
      rules: schedule.rules,
      at: time.at,
    });
    const found = [...warnings, ...spacing]
      .slice(0, MAX_SLOT_MESSAGES)
      .map(({ code, message }) => ({ code, message: clipText(message, MESSAGE_BYTES) }));
    resolved.facts.push({ channelAccountId: id, problems: [], warnings: found });
    resolved.warnings.push(...found);
  }
  const content = planner.binds ? planner.context : null;
  const problems = await slotProblems(db, { workspaceId, slots: toCheck, content });
  const facts = resolved.facts.map((fact, index) => ({ ...fact, problems: problems[index] ?? [] }));
  return { ...resolved, facts };
}

/** What stands in the way of the slots that a plan keeps, of accounts that it does not name. */
export async function keptSlotFacts(
  db: Db,
  { workspaceId, context }: SlotPlanner,
  kept: readonly PlannedSlot[],
): Promise<SlotFacts[]> {
  if (kept.length === 0) return [];
  const ids = kept.map(({ channelAccountId }) => channelAccountId);
  const accounts = await accountsById(db, { workspaceId, ids });
  const slots = kept.map((slot) => ({
    slot,
    account: accounts.get(slot.channelAccountId) ?? null,
  }));
  const problems = await slotProblems(db, { workspaceId, slots, content: context });
  return kept.flatMap(({ channelAccountId }, index) => {
    const found = problems[index] ?? [];
    return found.length > 0 ? [{ channelAccountId, problems: found, warnings: [] }] : [];
  });
}

async function accountsById(
  db: Db,
  question: { workspaceId: string; ids: readonly string[] },
): Promise<Map<string, ChannelAccountRow>> {
  const accounts = await findChannelAccounts(db, question);
  return new Map(accounts.map((account) => [account.id, account]));
}

type TimeQuestion = SlotQuestion & {
  planner: SlotPlanner;
  account: ChannelAccountRow;
  schedule: ChannelSchedule;
};

async function timeOf(
  db: Db,
  question: TimeQuestion,
): Promise<(Time & { warnings: ResolvedSlots['warnings'] }) | BodyIssue> {
  const { planner, account, slot, path } = question;
  const zone = slot.zone ?? account.zone;
  if (slot.slot === 'next') return nextSlot(db, question);
  if (slot.local !== undefined) {
    const time = resolveLocalTime({ local: slot.local, zone });
    if (time.ok) {
      return { at: time.at, local: slot.local, zone, tzVersion: time.tzdata, warnings: [] };
    }
    return {
      path: [...path, time.code === 'unknown_zone' ? 'zone' : 'local'],
      message: time.message,
      ...('choices' in time && { choices: time.choices.map(({ at }) => at) }),
    };
  }
  const asked = slot.slot === 'now' ? Date.parse(planner.now) + NOW_MS : Date.parse(slot.at ?? '');
  const at = new Date(asked).toISOString();
  const local = instantToLocal({ at, zone });
  return local === null
    ? { path: [...path, 'zone'], message: `${zone} is not an IANA time zone` }
    : { at, local, zone, tzVersion: tzdataVersion(), warnings: [] };
}

async function nextSlot(
  db: Db,
  { planner, account, schedule, path }: TimeQuestion,
): Promise<(Time & { warnings: ResolvedSlots['warnings'] }) | BodyIssue> {
  const field = [...path, 'slot'];
  if (!schedule.slots.some(({ active }) => active)) {
    return { path: field, message: `${account.id} has no weekly slots: give at or local` };
  }
  const found = await findNextFreeSlot(db, {
    workspaceId: planner.workspaceId,
    itemId: planner.context.itemId,
    account,
    slots: schedule.slots,
    after: slotsAfter(planner.context, planner.now),
  });
  if (found === null) {
    const message = `${account.id} has no free slot within ${NEXT_SLOT_WITHIN_DAYS} days that this item may take`;
    return { path: field, message };
  }
  const { shiftedFrom, ...time } = found;
  const warnings =
    shiftedFrom === null
      ? []
      : [
          {
            code: 'slot_shifted',
            message: `daylight saving skips or repeats ${shiftedFrom} in ${time.zone}. The slot is at ${time.at}`,
          },
        ];
  return { ...time, warnings };
}
