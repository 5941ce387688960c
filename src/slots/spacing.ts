import type { Db } from '../db/client.ts';
import { listOccupancy, type Occupancy } from '../db/publishing/publications.ts';
import { isQuiet, type PostingRules } from '../domain/channel/weekly-slots.ts';
import { localDayOf } from '../time/local-day.ts';
import { instantToLocal } from '../time/zoned-time.ts';

const MINUTE_MS = 60_000;
/** Of several items at one time so many are named. */
const MAX_NAMED = 3;

export interface SpacingWarning {
  code: 'spacing';
  message: string;
}

export interface PlannedAt {
  itemId: string;
  account: { id: string; name: string; zone: string };
  rules: PostingRules;
  /** ISO instant. */
  at: string;
}

/**
 * What a slot breaks of the account's own rules, and who posts at the very same time: a warning each,
 * never a refusal. Two plans at once see each other only under `lockSlots`.
 */
export async function spacingWarnings(
  db: Db,
  { workspaceId, ...planned }: PlannedAt & { workspaceId: string },
): Promise<SpacingWarning[]> {
  const { account, itemId } = planned;
  const range = neighbourhood(planned);
  const occupied = await listOccupancy(db, {
    workspaceId,
    channelAccountId: account.id,
    ...range,
  });
  const others = occupied.filter((slot) => slot.itemId !== itemId);
  return spacingMessages(planned, others).map((message) => ({ code: 'spacing', message }));
}

/** How far around a slot the rules look: its moment, the gap on both sides, its whole day however long. */
export function neighbourhood({ account, rules, at }: PlannedAt): { from: string; to: string } {
  const day = rules.maxPerDay === null ? null : localDayOf({ at, zone: account.zone });
  const gapMs = (rules.minGapMinutes ?? 0) * MINUTE_MS;
  const time = Date.parse(at);
  return {
    from: new Date(Math.min(Date.parse(day?.from ?? at), time - gapMs)).toISOString(),
    to: new Date(Math.max(Date.parse(day?.until ?? at), time + gapMs)).toISOString(),
  };
}

/** @param others what other items hold in the neighbourhood. */
export function spacingMessages(
  planned: PlannedAt,
  others: readonly Pick<Occupancy, 'itemId' | 'at'>[],
): string[] {
  return [
    ...atOnce(planned, others),
    ...quiet(planned),
    ...tooMany(planned, others),
    ...tooClose(planned, others),
  ];
}

type Others = readonly Pick<Occupancy, 'itemId' | 'at'>[];

function atOnce({ account, at }: PlannedAt, others: Others): string[] {
  // A plan on its way and the record that it moves may both be there.
  const ids = [...new Set(others.filter((slot) => slot.at === at).map(({ itemId }) => itemId))];
  if (ids.length === 0) return [];
  const named = ids.slice(0, MAX_NAMED).join(', ');
  const more = ids.length > MAX_NAMED ? ` and ${ids.length - MAX_NAMED} more` : '';
  return [`${account.name} posts ${named}${more} at the very same time, ${at}`];
}

function quiet({ account, rules, at }: PlannedAt): string[] {
  const local = instantToLocal({ at, zone: account.zone }) ?? '';
  if (rules.quietHours === null || !isQuiet(local.slice(11, 16), rules)) return [];
  const { from, until } = rules.quietHours;
  return [`${local} is in the quiet hours of ${account.name} (${from} to ${until})`];
}

function tooMany({ account, rules, at }: PlannedAt, others: Others): string[] {
  if (rules.maxPerDay === null) return [];
  const { date, from, until } = localDayOf({ at, zone: account.zone });
  const [start, end] = [Date.parse(from), Date.parse(until)];
  const sameDay = others.filter((slot) => {
    const time = Date.parse(slot.at);
    return time >= start && time < end;
  });
  return sameDay.length < rules.maxPerDay
    ? []
    : [
        `${account.name} would post ${sameDay.length + 1} times on ${date}, maxPerDay is ${rules.maxPerDay}`,
      ];
}

function tooClose({ account, rules, at }: PlannedAt, others: Others): string[] {
  const gap = rules.minGapMinutes;
  if (gap === null) return [];
  const distanceOf = (slot: { at: string }) => Math.abs(Date.parse(slot.at) - Date.parse(at));
  // What is at the very same time is told by `atOnce`.
  const [nearest] = others
    .filter((slot) => slot.at !== at)
    .sort((a, b) => distanceOf(a) - distanceOf(b));
  if (nearest === undefined || distanceOf(nearest) >= gap * MINUTE_MS) return [];
  const minutes = Math.round(distanceOf(nearest) / MINUTE_MS);
  return [
    `another post of ${account.name} (${nearest.itemId}) is ${minutes} minutes away, minGapMinutes is ${gap}`,
  ];
}
