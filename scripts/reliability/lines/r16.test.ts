import { describe, expect, it } from 'vitest';
import type { TemporaryStack } from '../../local/temporary-stack.ts';
import { R16 } from './r16.ts';

/** The line asks the machine alone. */
const NO_STACK = {} as TemporaryStack;

function run({ control }: { control: boolean }) {
  return R16.run(NO_STACK, { n: R16.small, seed: 1, control, progress: () => {} });
}

describe('R16 with one state in each place', () => {
  it('tries every place × event × role × actor, and accepts nothing illegal', async () => {
    const { violations, unresolved, lost, operations } = await run({ control: false });
    expect(violations).toEqual([]);
    expect([unresolved, lost]).toEqual([0, 0]);
    expect(operations).toBeGreaterThan(7_000);
  }, 60_000);

  it('fails without the guard of the machine', async () => {
    const { violations } = await run({ control: true });
    expect(violations.length).toBeGreaterThan(1_000);
    expect(violations).toContain(
      'review.deciding decide_approval editor same: accepted, and not legal',
    );
  }, 60_000);
});
