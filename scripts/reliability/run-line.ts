import { quantileOf } from '../bench/statistics.ts';
import type { TemporaryStack } from '../local/temporary-stack.ts';
import { startTemporaryStack } from '../local/temporary-stack.ts';
import type { Line, LineResult, RunOptions } from './line.ts';

/** The servers that lines run on; each line brings its own programs. */
export function startReliabilityStack(): Promise<TemporaryStack> {
  return startTemporaryStack({
    prefix: 'baton-reliability-',
    taskQueue: 'reliability',
    sandboxFaults: true,
  });
}

/** Runs one line and judges it: it holds when nothing that its target forbids was seen. */
export async function runLine(
  stack: TemporaryStack,
  line: Line,
  options: RunOptions,
): Promise<LineResult> {
  const own = line.endsServers === true ? await startReliabilityStack() : null;
  const begun = performance.now();
  const { recoveryMs, ...outcome } = await line
    .run(own ?? stack, options)
    .finally(() => own?.stop());
  return {
    line: line.id,
    seed: options.seed,
    control: options.control,
    ...outcome,
    seconds: (performance.now() - begun) / 1_000,
    recovery:
      recoveryMs.length === 0
        ? null
        : { p50: quantileOf(recoveryMs, 0.5), p99: quantileOf(recoveryMs, 0.99) },
    holds: outcome.violations.length === 0,
  };
}

/** A control has to fail: a line that holds without its protection proves nothing. */
export function isAsWanted({ control, holds }: LineResult): boolean {
  return control ? !holds : holds;
}
