import { describe, expect, it } from 'vitest';
import type { TemporaryStack } from '../../local/temporary-stack.ts';
import { R15 } from './r15.ts';

/** The line needs no servers. */
const NO_STACK = {} as TemporaryStack;

function run({ control }: { control: boolean }) {
  return R15.run(NO_STACK, { n: R15.small, seed: 1, control, progress: () => {} });
}

describe('R15 with every recorded history', () => {
  it('replays each as it was, also under a stricter guard', async () => {
    const { violations, operations } = await run({ control: false });
    expect(violations).toEqual([]);
    expect(operations).toBeGreaterThan(0);
  }, 240_000);

  it('fails where accepted commands are judged again', async () => {
    const { violations } = await run({ control: true });
    expect(violations).toContainEqual(
      expect.stringMatching(/^v\d+-cancelled\.json\.gz under a stricter one: /),
    );
    expect(violations.filter((text) => text.includes('this release'))).toEqual([]);
  }, 240_000);
});
