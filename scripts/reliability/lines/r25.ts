import type { Line, Outcome } from '../line.ts';
import { runRelease } from '../release/release-run.ts';
import { runSameBuild } from '../release/same-build.ts';

/** Of the items, so many are in the second part. */
const SHARE_OF_SAME_BUILD = 0.2;
const LEAST_OF_SAME_BUILD = 4;

/**
 * A release and its roll-back with builds of their own, then one under the name of the build that is
 * there. In the first the build of a run protects it, in the second what was accepted: the control takes
 * each away, and has to fail in both.
 */
export const R25: Line = {
  id: 'R25',
  title: 'items while a release and its roll-back are made and programs are killed',
  target: '0 diverged, 0 stuck, 0 lost, every chain verifies, every post once',
  protection: 'the build of each run, and that an accepted command is not judged again',
  full: 200,
  small: 12,
  async run(stack, options) {
    const released = await runRelease(stack, options);
    const same = await runSameBuild(stack, {
      ...options,
      n: Math.max(LEAST_OF_SAME_BUILD, Math.round(options.n * SHARE_OF_SAME_BUILD)),
    });
    return options.control ? controlOf(released, same) : joined(released, same);
  },
};

function joined(released: Outcome, same: readonly string[]): Outcome {
  return {
    ...released,
    unresolved: released.unresolved + same.length,
    violations: [...released.violations, ...same.map((text) => `same build: ${text}`)],
  };
}

/** Without violations, which a control must not be, as long as one of the parts holds. */
function controlOf(released: Outcome, same: readonly string[]): Outcome {
  const counts = [
    `without the build of each run: ${released.violations.length} violations`,
    `judged again in the same build: ${same.length} violations`,
  ];
  const outcome = joined(released, same);
  const isProven = released.violations.length > 0 && same.length > 0;
  return {
    ...outcome,
    evidence: [...outcome.evidence, ...counts],
    violations: isProven ? outcome.violations : [],
  };
}
