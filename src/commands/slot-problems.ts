import { type BlackoutRow, findBlackouts, isBlackedOut } from '../db/calendar/blackouts.ts';
import type { Db } from '../db/client.ts';
import type { ChannelAccountRow } from '../db/workspace/channel-accounts.ts';
import type { PlannedSlot, SlotFacts } from '../domain/item/commands/facts.ts';
import { type ItemContext, submittedContent } from '../domain/item/context.ts';
import { clipText, MAX_SLOT_MESSAGES, MESSAGE_BYTES } from '../domain/item/size.ts';
import { currentFaults } from './current-draft.ts';

type Problem = SlotFacts['problems'][number];

/** A slot that a command names or keeps, with its account; null when the account is gone. */
export interface SlotToCheck {
  slot: Pick<PlannedSlot, 'channelAccountId' | 'channel' | 'at'>;
  account: Pick<ChannelAccountRow, 'active' | 'tokenExpiresAt'> | null;
}

/**
 * What stands in the way of each slot, in the order of the slots. One function for the slots that a
 * plan names and for those it keeps: both are bound to the content by it.
 * @param content null where slots are only held, whatever will be written.
 */
export async function slotProblems(
  db: Db,
  {
    workspaceId,
    slots,
    content,
  }: { workspaceId: string; slots: readonly SlotToCheck[]; content: ItemContext | null },
): Promise<Problem[][]> {
  if (slots.length === 0) return [];
  const windows = await blackoutsAround(db, workspaceId, slots);
  const faults =
    content === null
      ? null
      : await currentFaults(db, content, { contentHash: submittedContent(content) });
  const violations = faults?.violations ?? [];
  return slots.map(({ slot, account }) => {
    const { channelAccountId: id, channel, at } = slot;
    const window = windows.find((candidate) => isBlackedOut(candidate, { id, channel }, at));
    const found = [
      ...accountProblems(id, account, at),
      ...(window === undefined ? [] : [blackedOut(window, at)]),
      ...violations
        .filter((violation) => violation.channel === channel)
        .map(({ message }): Problem => ({ code: 'variants_in_limits', message })),
    ];
    return found
      .slice(0, MAX_SLOT_MESSAGES)
      .map(({ code, message }) => ({ code, message: clipText(message, MESSAGE_BYTES) }));
  });
}

function blackoutsAround(
  db: Db,
  workspaceId: string,
  slots: readonly SlotToCheck[],
): Promise<BlackoutRow[]> {
  const instants = slots.map(({ slot }) => slot.at).sort();
  const [from = '', to = ''] = [instants[0], instants.at(-1)];
  return findBlackouts(db, { workspaceId, from, to });
}

function blackedOut({ id, startsAt, endsAt, reason }: BlackoutRow, at: string): Problem {
  const message = `${at} is in the blackout ${id} from ${startsAt} to ${endsAt}: ${reason}`;
  return { code: 'not_blacked_out', message };
}

function accountProblems(id: string, account: SlotToCheck['account'], at: string): Problem[] {
  if (account === null) {
    return [{ code: 'slot_valid', message: `the account ${id} is not in this workspace` }];
  }
  const problems: Problem[] = [];
  if (!account.active) {
    problems.push({ code: 'slot_valid', message: `the account ${id} is not active` });
  }
  const { tokenExpiresAt } = account;
  if (tokenExpiresAt !== null && Date.parse(tokenExpiresAt) <= Date.parse(at)) {
    problems.push({
      code: 'token_valid_past_slot',
      message: `the token of ${id} expires at ${tokenExpiresAt}, before ${at}`,
    });
  }
  return problems;
}
