import { DefaultLogger, Runtime } from '@temporalio/worker';
import { RECORDED_HISTORIES, replaysOf } from '../../../test/support/recorded-histories.ts';
import { bundleForReplay } from '../../replay/replay.ts';
import type { Line } from '../line.ts';
import { seededRandom, shuffled } from '../random.ts';
import { replacedBy } from '../release/release-bundle.ts';
import type { Part } from '../replacements.ts';

/** Each release replays what earlier ones recorded: this one, and one that asks for more. */
const RELEASES: Readonly<Record<string, readonly Part[]>> = {
  'this release': [],
  'a stricter one': ['nextGuards'],
};

/**
 * Every recorded history from an empty cache, as a worker replays a run that it does not hold. What is
 * asked of the engine and answered to people has to be the same, word for word.
 */
export const R15: Line = {
  id: 'R15',
  title: 'recorded histories, replayed by this release and by one with a stricter guard',
  target: 'no nondeterminism, and every answer, event, timer and head as it was',
  protection: 'that an accepted command is not judged again when it is applied',
  full: 10_000,
  small: 10_000,
  async run(_, { n, seed, control, progress }) {
    keepQuiet();
    const files = shuffled(RECORDED_HISTORIES, seededRandom(seed)).slice(0, n);
    const violations: string[] = [];
    let operations = 0;
    for (const [release, changes] of Object.entries(RELEASES)) {
      const parts: Part[] = control ? [...changes, 'judgingSteps'] : [...changes];
      const bundle = await bundleForReplay({ webpackConfigHook: replacedBy(parts) });
      progress(`${files.length} histories under ${release}`);
      for (const [file, difference] of await replaysOf(bundle, files)) {
        operations += 1;
        if (difference !== null) violations.push(`${file} under ${release}: ${difference}`);
      }
    }
    if (files.length === 0) violations.push('no history is recorded');
    return {
      operations,
      faults: {},
      lost: 0,
      duplicated: 0,
      unresolved: violations.length,
      recoveryMs: [],
      violations,
      evidence: [],
    };
  },
};

let isQuiet = false;

/** The engine's library reports each replay that it begins; it is told once in a process. */
function keepQuiet(): void {
  if (isQuiet) return;
  isQuiet = true;
  Runtime.install({ logger: new DefaultLogger('ERROR'), shutdownSignals: [] });
}
