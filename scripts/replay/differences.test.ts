import { describe, expect, it } from 'vitest';
import { describeDifference, differencesOf } from './differences.ts';

const TIMER = { eventId: '7', name: 'timer 1', value: { durationMs: 1_000 } };
const ANSWER = {
  eventId: '9',
  name: 'update a',
  value: { outcome: 'applied', result: { events: [{ seq: 1, hash: 'a secret' }] } },
};

function against(...steps: { name: string; value: unknown }[]) {
  return new Map(steps.map((step) => [step.name, step]));
}

describe('a replay', () => {
  it('that says the same differs in nothing', () => {
    const replayed = against(TIMER, structuredClone(ANSWER));
    expect(differencesOf([TIMER, ANSWER], replayed, { isWhole: true })).toEqual([]);
  });

  it('differs where a value is another one, and its text is not repeated', () => {
    const value = { outcome: 'applied', result: { events: [{ seq: 1, hash: 'another' }] } };
    const found = differencesOf([ANSWER], against({ name: 'update a', value }), { isWhole: true });
    expect(found.map(describeDifference)).toEqual([
      'event 9, update a, result.events[0].hash: recorded another text, now another text',
    ]);
  });

  it.each([
    ['a longer timer', { durationMs: 2_000 }, 'durationMs: recorded 1000, now 2000'],
    ['a field less', {}, 'durationMs: recorded 1000, now nothing'],
    ['a field more', { durationMs: 1_000, more: 1 }, 'more: recorded nothing, now 1'],
    ['a list instead', [1_000], 'timer 1: recorded another value, now another value'],
  ])('differs by %s', (_, value, line) => {
    const found = differencesOf([TIMER], against({ name: 'timer 1', value }), { isWhole: true });
    expect(found.map(describeDifference).join('\n')).toContain(line);
  });

  it('lacks a step only when it came to its end', () => {
    expect(differencesOf([TIMER], new Map(), { isWhole: true })).toHaveLength(1);
    expect(differencesOf([TIMER], new Map(), { isWhole: false })).toEqual([]);
  });

  it('may be that of another machine version', () => {
    const recorded = { eventId: '1', name: 'end', value: { machineVersion: 1 } };
    const replayed = against({ name: 'end', value: { machineVersion: 2 } });
    expect(differencesOf([recorded], replayed, { isWhole: true })).toEqual([]);
  });
});
