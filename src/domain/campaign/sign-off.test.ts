import { describe, expect, it } from 'vitest';
import type { SignOff } from '../item/record-schema.ts';
import type { OwnerRole } from '../people/roles.ts';
import { openRound, refuseSignOff, type SignOffQuestion } from './sign-off.ts';

const HASH = 'a'.repeat(64);
const REVIEW = { hash: HASH, recommended: 'iterate' as const };
const LEAD = { round: 1, role: 'strategist' as const, decision: 'iterate' as const };

function codes(change: Partial<SignOffQuestion>): string[] {
  const asked: SignOffQuestion = {
    roles: ['strategist', 'creator'],
    role: 'strategist',
    decision: 'iterate',
    reviewHash: HASH,
    comment: null,
    review: REVIEW,
    signOffs: [],
    ...change,
  };
  return refuseSignOff(asked).map(({ code }) => code);
}

describe('a signature', () => {
  it('of the recommended decision needs no comment, of another one it does', () => {
    expect(codes({})).toEqual([]);
    expect(codes({ decision: 'scale' })).toEqual(['decision_reasoned']);
    expect(codes({ decision: 'scale', comment: 'the season is over' })).toEqual([]);
    // Of before Baton recommended.
    expect(codes({ decision: 'scale', review: { hash: HASH, recommended: undefined } })).toEqual(
      [],
    );
  });

  it('is for who holds the role, of the frozen review, once, after the strategist', () => {
    expect(codes({ role: 'social_media_manager' })).toEqual(['holds_role']);
    expect(codes({ review: null })).toEqual(['verdicts_seen']);
    expect(codes({ reviewHash: 'b'.repeat(64) })).toEqual(['verdicts_seen']);
    expect(codes({ signOffs: [LEAD] })).toEqual(['not_decided_before']);
    expect(codes({ decision: 'agree' })).toEqual(['strategist_decides_first']);
    expect(codes({ role: 'creator', decision: 'agree' })).toEqual(['strategist_decides_first']);
    expect(codes({ role: 'creator', decision: 'agree', signOffs: [LEAD] })).toEqual([]);
  });

  it('that dissents needs a comment, in its own words or as another decision', () => {
    for (const decision of ['dissent', 'scale'] as const) {
      const asked = { role: 'creator' as const, decision, signOffs: [LEAD] };
      expect(codes(asked)).toEqual(['reason_given']);
      expect(codes({ ...asked, comment: 'too soon' })).toEqual([]);
    }
  });
});

describe('a round of signatures', () => {
  const signed = (round: number, ...decisions: SignOff['decision'][]) =>
    decisions.map((decision, index) => ({
      round,
      role: (['strategist', 'creator', 'social_media_manager'] as OwnerRole[])[index] ?? 'creator',
      decision,
    }));

  it('is the first one until a decision against the recommendation stands alone', () => {
    expect(openRound([], 'iterate')).toEqual({ round: 1, signOffs: [], returned: null });
    for (const decisions of [
      ['scale', 'dissent'],
      ['scale', 'dissent', 'agree'],
      ['scale', 'scale', 'dissent'],
      ['iterate', 'dissent', 'dissent'],
    ] as const) {
      const all = signed(1, ...decisions);
      expect(openRound(all, 'iterate')).toEqual({ round: 1, signOffs: all, returned: null });
    }
  });

  it('begins anew after it, as often as that happens', () => {
    const alone = signed(1, 'scale', 'dissent', 'retire');
    expect(openRound(alone, 'iterate')).toEqual({ round: 2, signOffs: [], returned: 'scale' });
    expect(openRound(alone, undefined)).toEqual({ round: 1, signOffs: alone, returned: null });
    const second = signed(2, 'retire');
    expect(openRound([...alone, ...second], 'iterate')).toEqual({
      round: 2,
      signOffs: second,
      returned: 'scale',
    });
    const both = [...alone, ...signed(2, 'retire', 'dissent', 'dissent')];
    expect(openRound(both, 'iterate')).toEqual({ round: 3, signOffs: [], returned: 'retire' });
  });
});
