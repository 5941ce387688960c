import type { Db } from '../db/client.ts';
import { listOccupied } from '../db/publications.ts';
import { isQuiet, type PostingRules } from '../domain/weekly-slots.ts';
import { instantToLocal } from '../time/zoned-time.ts';

const MINUTE_MS = 60_000;
const DAY_MS = 1_440 * MINUTE_MS;

export interface SpacingWarning {
  code: 'spacing';
  message: string;
}

interface PlannedAt {
  workspaceId: string;
  itemId: string;
  account: { id: string; name: string; zone: string };
  rules: PostingRules;
  at: string;
}

/** What a slot breaks of the account's own rules: a warning each, never a refusal. */
export async function spacingWarnings(db: Db, planned: PlannedAt): Promise<SpacingWarning[]> {
  const { workspaceId, itemId, account, rules, at } = planned;
  const local = instantToLocal({ at, zone: account.zone }) ?? '';
  const messages: string[] = [];
  if (isQuiet(local.slice(11, 16), rules)) {
    const { from, until } = rules.quietHours ?? { from: '', until: '' };
    messages.push(`${local} is in the quiet hours of ${account.name} (${from} to ${until})`);
  }
  if (rules.maxPerDay !== null || rules.minGapMinutes !== null) {
    const reach = Math.max(DAY_MS, (rules.minGapMinutes ?? 0) * MINUTE_MS);
    const range = (ms: number) => new Date(Date.parse(at) + ms).toISOString();
    const occupied = await listOccupied(db, {
      workspaceId,
      channelAccountId: account.id,
      from: range(-reach),
      to: range(reach),
    });
    const others = occupied.filter((slot) => slot.itemId !== itemId);
    messages.push(...tooMany(planned, local, others), ...tooClose(planned, others));
  }
  return messages.map((message) => ({ code: 'spacing', message }));
}

function tooMany(
  { account, rules }: PlannedAt,
  local: string,
  others: readonly { at: string }[],
): string[] {
  if (rules.maxPerDay === null) return [];
  const day = local.slice(0, 10);
  const sameDay = others.filter(
    (slot) => instantToLocal({ at: slot.at, zone: account.zone })?.slice(0, 10) === day,
  );
  return sameDay.length < rules.maxPerDay
    ? []
    : [
        `${account.name} would post ${sameDay.length + 1} times on ${day}, maxPerDay is ${rules.maxPerDay}`,
      ];
}

function tooClose({ account, rules, at }: PlannedAt, others: readonly { at: string }[]): string[] {
  const gap = rules.minGapMinutes;
  if (gap === null) return [];
  const distances = others.map((slot) => Math.abs(Date.parse(slot.at) - Date.parse(at)));
  const nearest = Math.min(...distances);
  return nearest >= gap * MINUTE_MS
    ? []
    : [
        `another post of ${account.name} is ${Math.round(nearest / MINUTE_MS)} minutes away, minGapMinutes is ${gap}`,
      ];
}
