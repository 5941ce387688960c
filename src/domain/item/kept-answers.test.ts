import { describe, expect, it } from 'vitest';
import { keepAnswers } from './commands/kept-answers.ts';
import type { CommandAnswer } from './record-schema.ts';
import { ANSWER_BYTES, jsonBytes } from './size.ts';

const answerAt = (seq: number): CommandAnswer => ({ seq, stage: 'creation', substage: 'drafting' });

function answers(count: number): [string, CommandAnswer][] {
  return Array.from({ length: count }, (_, index) => [`http:key:${index}`, answerAt(index + 1)]);
}

describe('answers that a run goes on with', () => {
  it('are all that there are, while they are few', () => {
    expect(keepAnswers(answers(20))).toEqual({ seen: answers(20), forgottenSeq: 0 });
  });

  it('are the latest that fit; the rest is in the tables, up to the last one left out', () => {
    const all = answers(1_000);
    const { seen, forgottenSeq } = keepAnswers(all);
    expect(jsonBytes(seen)).toBeLessThanOrEqual(ANSWER_BYTES + 2);
    expect(seen.length).toBeGreaterThan(100);
    expect(seen).toEqual(all.slice(-seen.length));
    expect(forgottenSeq).toBe(1_000 - seen.length);
  });

  it('what the run before had forgotten stays forgotten', () => {
    expect(keepAnswers(answers(3), 40).forgottenSeq).toBe(40);
    expect(keepAnswers([], 40)).toEqual({ seen: [], forgottenSeq: 40 });
  });

  it('of a long one only when and where', () => {
    const publications = Array.from({ length: 40 }, (_, index) => ({
      id: `pub_${index}`,
      channelAccountId: `cha_${'0'.repeat(26)}`,
      state: 'planned' as const,
      at: '2026-04-01T08:00:00.000Z',
    }));
    const { seen } = keepAnswers([['http:key:1', { ...answerAt(7), publications }]]);
    expect(seen).toEqual([['http:key:1', answerAt(7)]]);
  });
});
