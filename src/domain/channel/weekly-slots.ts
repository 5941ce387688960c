import { z } from 'zod';

export const WallClock = z
  .string()
  .regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'is a time such as 09:30')
  .meta({ example: '09:30' });

/** A time of the week at which an account posts, by the wall clock of its zone. */
export const WeeklySlot = z
  .strictObject({
    weekday: z.int().min(1).max(7).describe('1 is Monday'),
    time: WallClock,
    active: z.boolean().default(true).describe('false: a day off, kept for later'),
  })
  .meta({ id: 'WeeklySlot', example: { weekday: 1, time: '09:30', active: true } });
export type WeeklySlot = z.infer<typeof WeeklySlot>;

/** What a plan is warned of; only limits of a platform refuse one. */
export const PostingRules = z
  .strictObject({
    maxPerDay: z.int().min(1).max(1_000).nullable().default(null),
    minGapMinutes: z.int().min(1).max(10_080).nullable().default(null),
    quietHours: z
      .strictObject({ from: WallClock, until: WallClock })
      .refine(({ from, until }) => from !== until, 'begins and ends at the same time')
      .nullable()
      .default(null)
      .describe('may go over midnight'),
  })
  .meta({ id: 'PostingRules' });
export type PostingRules = z.infer<typeof PostingRules>;

export const NO_RULES: PostingRules = { maxPerDay: null, minGapMinutes: null, quietHours: null };

const MAX_SLOTS = 336;

export const ChannelSchedule = z
  .strictObject({
    slots: z.array(WeeklySlot).max(MAX_SLOTS),
    rules: PostingRules.default(NO_RULES),
  })
  .superRefine(({ slots, rules }, context) => {
    for (const { index, message } of overlaps(slots, rules)) {
      context.addIssue({ code: 'custom', path: ['slots', index], message });
    }
  })
  .meta({ id: 'ChannelSchedule' });
export type ChannelSchedule = z.infer<typeof ChannelSchedule>;

const DAY_MINUTES = 1_440;
const WEEK_MINUTES = 7 * DAY_MINUTES;

/** Minutes since Monday 00:00. */
export function minuteOfWeek({ weekday, time }: Pick<WeeklySlot, 'weekday' | 'time'>): number {
  return (weekday - 1) * DAY_MINUTES + minuteOfDay(time);
}

/** Minutes since midnight of a time `HH:MM`. */
export function minuteOfDay(time: string): number {
  return Number(time.slice(0, 2)) * 60 + Number(time.slice(3, 5));
}

export function isQuiet(time: string, { quietHours }: Pick<PostingRules, 'quietHours'>): boolean {
  if (quietHours === null) return false;
  const { from, until } = quietHours;
  return from < until ? from <= time && time < until : time >= from || time < until;
}

/** Two slots of one moment, or closer to each other than the account's own gap (the week is a circle). */
function overlaps(
  slots: readonly WeeklySlot[],
  { minGapMinutes }: PostingRules,
): { index: number; message: string }[] {
  const ordered = slots
    .map((slot, index) => ({ ...slot, index, minute: minuteOfWeek(slot) }))
    .sort((a, b) => a.minute - b.minute || a.index - b.index);
  const found: { index: number; message: string }[] = [];
  ordered.forEach((slot, position) => {
    const next = ordered[(position + 1) % ordered.length];
    if (next === undefined || next === slot) return;
    const apart = (next.minute - slot.minute + WEEK_MINUTES) % WEEK_MINUTES;
    const [index, other] = [Math.max(slot.index, next.index), Math.min(slot.index, next.index)];
    if (apart === 0) {
      found.push({ index, message: `overlaps slots.${other}: both are at the same time` });
    } else if (minGapMinutes !== null && slot.active && next.active && apart < minGapMinutes) {
      found.push({
        index,
        message: `overlaps slots.${other}: ${apart} minutes apart, rules.minGapMinutes is ${minGapMinutes}`,
      });
    }
  });
  return found;
}
