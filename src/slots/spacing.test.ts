import { describe, expect, it } from 'vitest';
import { NO_RULES } from '../domain/channel/weekly-slots.ts';
import { neighbourhood, type PlannedAt, spacingMessages } from './spacing.ts';

const PARIS = { id: 'acc_1', name: 'Paris', zone: 'Europe/Paris' };

function planned(at: string, rules: Partial<PlannedAt['rules']> = {}): PlannedAt {
  return { itemId: 'itm_mine', account: PARIS, rules: { ...NO_RULES, ...rules }, at };
}

/** What the rules find among posts of others, as far as they look. */
function found(plan: PlannedAt, posts: readonly string[]): string[] {
  const { from, to } = neighbourhood(plan);
  const seen = posts.filter((at) => at >= from && at <= to);
  return spacingMessages(
    plan,
    seen.map((at, index) => ({ itemId: `itm_${index + 1}`, at })),
  );
}

describe('maxPerDay', () => {
  it('counts the whole of the day of 25 hours on which daylight saving ends', () => {
    // 00:00 and 23:30 of 2030-10-27 in Paris are 24 and a half hours apart.
    const first = '2030-10-26T22:00:00.000Z';
    const last = '2030-10-27T22:30:00.000Z';
    const message = 'Paris would post 2 times on 2030-10-27, maxPerDay is 1';
    expect(found(planned(first, { maxPerDay: 1 }), [last])).toEqual([message]);
    expect(found(planned(last, { maxPerDay: 1 }), [first])).toEqual([message]);
  });

  it('counts no post of the day before or after', () => {
    const around = ['2030-10-26T21:59:00.000Z', '2030-10-27T23:00:00.000Z'];
    expect(found(planned('2030-10-27T12:00:00.000Z', { maxPerDay: 1 }), around)).toEqual([]);
  });
});

describe('a post at the very same time', () => {
  const at = '2030-06-01T10:00:00.000Z';

  it('is named whatever the rules are', () => {
    expect(found(planned(at), [at, '2030-06-01T10:00:01.000Z'])).toEqual([
      `Paris posts itm_1 at the very same time, ${at}`,
    ]);
  });

  it('is told once, and the nearest other one by the gap', () => {
    const messages = found(planned(at, { minGapMinutes: 60 }), [at, '2030-06-01T10:40:00.000Z']);
    expect(messages).toEqual([
      `Paris posts itm_1 at the very same time, ${at}`,
      'another post of Paris (itm_2) is 40 minutes away, minGapMinutes is 60',
    ]);
  });

  it('of many names three', () => {
    expect(found(planned(at), [at, at, at, at, at])).toEqual([
      `Paris posts itm_1, itm_2, itm_3 and 2 more at the very same time, ${at}`,
    ]);
  });
});

describe('minGapMinutes', () => {
  it('looks over the end of the day', () => {
    const plan = planned('2030-06-01T21:50:00.000Z', { minGapMinutes: 30 });
    expect(found(plan, ['2030-06-01T22:10:00.000Z'])).toHaveLength(1);
    expect(found(plan, ['2030-06-01T22:20:00.000Z'])).toEqual([]);
  });
});
