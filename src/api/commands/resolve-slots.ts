import { type BlackoutRow, findBlackouts, isBlackedOut } from '../../db/blackouts.ts';
import { type ChannelAccountRow, listChannelAccounts } from '../../db/channel-accounts.ts';
import { listChannelSchedules, NO_SCHEDULE } from '../../db/channel-schedules.ts';
import type { Db } from '../../db/client.ts';
import { lockSlots } from '../../db/publications.ts';
import type { SlotRequest } from '../../domain/command-bodies.ts';
import type { PlannedSlot, SlotFacts } from '../../domain/item-commands.ts';
import type { ItemContext } from '../../domain/item-context.ts';
import type { ChannelSchedule } from '../../domain/weekly-slots.ts';
import { findNextFreeSlot, NEXT_SLOT_WITHIN_DAYS } from '../../slots/next-free-slot.ts';
import { slotsAfter } from '../../slots/slot-start.ts';
import { spacingWarnings } from '../../slots/spacing.ts';
import { instantToLocal, resolveLocalTime, tzdataVersion } from '../../time/zoned-time.ts';
import type { BodyIssue } from './command-outcome.ts';

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
 * problem of the slot. With `slot: next`, `db` has to be the transaction that stores the command: the
 * lock on the account ends with it, and from then on the stored command holds the slot.
 */
export async function resolveSlots(
  db: Db,
  planner: SlotPlanner,
  questions: readonly SlotQuestion[],
): Promise<ResolvedSlots> {
  const { workspaceId } = planner;
  const accounts = new Map(
    (await listChannelAccounts(db, { workspaceId })).map((account) => [account.id, account]),
  );
  const asked = [...new Set(questions.map(({ slot }) => slot.channelAccountId))];
  const known = asked.filter((id) => accounts.has(id)).sort();
  const next = new Set(
    questions.filter(({ slot }) => slot.slot === 'next').map(({ slot }) => slot.channelAccountId),
  );
  // In one order for everyone, so that two plans over the same accounts do not wait for each other.
  for (const id of known.filter((account) => next.has(account))) await lockSlots(db, id);
  const schedules = await listChannelSchedules(db, { workspaceId, channelAccountIds: known });
  const resolved: ResolvedSlots = { slots: [], facts: [], issues: [], warnings: [] };
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
    resolved.slots.push({ channelAccountId: id, channel, ...resolvedTime });
    const spacing = await spacingWarnings(db, {
      workspaceId,
      itemId: planner.context.itemId,
      account: { id, name, zone },
      rules: schedule.rules,
      at: time.at,
    });
    const found = [...warnings, ...spacing];
    resolved.facts.push({
      channelAccountId: id,
      problems: problemsOf(account, time.at),
      warnings: found,
    });
    resolved.warnings.push(...found);
  }
  await addBlackouts(db, workspaceId, resolved);
  return resolved;
}

/** The slots of other accounts that a plan keeps have to lie outside blackouts as well. */
export async function keptSlotFacts(
  db: Db,
  workspaceId: string,
  kept: readonly PlannedSlot[],
): Promise<SlotFacts[]> {
  const facts = kept.map(({ channelAccountId }) => ({
    ...{ channelAccountId, problems: [], warnings: [] },
  }));
  const resolved: ResolvedSlots = { ...NO_SLOTS, slots: [...kept], facts };
  await addBlackouts(db, workspaceId, resolved);
  return resolved.facts.filter(({ problems }) => problems.length > 0);
}

async function addBlackouts(db: Db, workspaceId: string, { slots, facts }: ResolvedSlots) {
  const instants = slots.map(({ at }) => at).sort();
  const [from, to] = [instants[0], instants.at(-1)];
  if (from === undefined || to === undefined) return;
  const windows = await findBlackouts(db, { workspaceId, from, to });
  slots.forEach(({ channelAccountId, channel, at }, index) => {
    const account = { id: channelAccountId, channel };
    const window = windows.find((candidate) => isBlackedOut(candidate, account, at));
    if (window === undefined) return;
    facts[index]?.problems.push({ code: 'not_blacked_out', message: blackoutMessage(window, at) });
  });
}

function blackoutMessage({ id, startsAt, endsAt, reason }: BlackoutRow, at: string): string {
  return `${at} is in the blackout ${id} from ${startsAt} to ${endsAt}: ${reason}`;
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
            message: `daylight saving skips or repeats ${shiftedFrom} in ${time.zone}: it is taken as ${time.at}`,
          },
        ];
  return { ...time, warnings };
}
