import { describe, expect, it } from 'vitest';
import { judgeFates, type PostFate } from './judge-fates.ts';
import { seededRandom, shuffled } from './random.ts';

/** A post with the states of its slots and how often the network has it. */
function fate(states: readonly string[], accepted: number): PostFate {
  const account = { id: 'cha_1', name: 'boulangerie' };
  const line = { marker: 'm', account: account.name, at: '2026-11-02T09:00:00.000Z' };
  return {
    post: { itemId: 'itm_1', text: 'Bonjour', account },
    publications: states.map((state, slot) => ({
      id: `pub_${slot}`,
      state,
      slotNumber: slot + 1,
      marker: 'm',
      evidence: 'timeout',
    })),
    accepted: Array.from({ length: accepted }, () => ({ ...line, text: 'Bonjour', bodyHash: 'h' })),
    faults: [],
  };
}

const counts = (fates: readonly PostFate[], unprovable = false) => {
  const options = { isUnprovable: () => unprovable };
  const { lost, duplicated, unresolved, violations } = judgeFates(fates, options);
  return { lost, duplicated, unresolved, holds: violations.length === 0 };
};

describe('what a post came to', () => {
  it.each([
    ['published once', ['published'], 1, { lost: 0, duplicated: 0, unresolved: 0, holds: true }],
    ['published again by a person', ['not_live', 'published'], 1, { holds: true }],
    ['published twice', ['published'], 2, { duplicated: 1, holds: false }],
    ['said to be out, and not there', ['published'], 0, { lost: 1, holds: false }],
    ['said to be missed, and there', ['missed'], 1, { lost: 1, holds: false }],
    ['missed', ['missed'], 0, { lost: 1, holds: false }],
    ['never planned', [], 0, { lost: 1, holds: false }],
    ['still sending', ['sending'], 0, { lost: 1, holds: false }],
    ['open, though it could be proven', ['unknown'], 1, { unresolved: 1, holds: false }],
  ])('%s', (_, states, accepted, expected) => {
    expect(counts([fate(states, accepted)])).toMatchObject(expected);
  });

  it('an unprovable one has to be open, and says its evidence', () => {
    expect(counts([fate(['unknown'], 1)], true)).toMatchObject({ unresolved: 1, holds: true });
    expect(counts([fate(['published'], 1)], true)).toMatchObject({ unresolved: 0, holds: false });
    const { evidence } = judgeFates([fate(['unknown'], 0)], { isUnprovable: () => true });
    expect(evidence).toEqual([expect.stringContaining('timeout')]);
  });
});

it('an order is the same for the same seed, and has every value once', () => {
  const values = Array.from({ length: 50 }, (_, index) => index);
  const order = shuffled(values, seededRandom(7));
  expect(shuffled(values, seededRandom(7))).toEqual(order);
  expect(shuffled(values, seededRandom(8))).not.toEqual(order);
  expect(order.toSorted((a, b) => a - b)).toEqual(values);
});
