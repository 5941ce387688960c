import { join } from 'node:path';
import type { DataConverter } from '@temporalio/common';
import type { History } from '@temporalio/common/lib/proto-utils.js';
import {
  bundleWorkflowCode,
  DefaultLogger,
  type InjectedSinks,
  Worker,
  type WorkflowBundleWithSourceMap,
} from '@temporalio/worker';
import { FAILURE_CONVERTER_PATH } from '../../src/engine/data-converter.ts';
import { type Difference, differencesOf } from './differences.ts';
import { type RecordedStep, recordedSteps, replayedStep, type Step } from './steps.ts';
import type { Witness } from './witness.ts';

const WORKFLOWS = join(import.meta.dirname, '..', '..', 'src', 'workflows', 'index.ts');
const WITNESS = join(import.meta.dirname, 'witness.ts');

export type ReplayBundle = WorkflowBundleWithSourceMap;

/** The workflows with a witness of what they ask. */
export function bundleForReplay(
  change: Partial<Parameters<typeof bundleWorkflowCode>[0]> = {},
): Promise<ReplayBundle> {
  return bundleWorkflowCode({
    workflowsPath: WORKFLOWS,
    workflowInterceptorModules: [WITNESS],
    failureConverterPath: FAILURE_CONVERTER_PATH,
    logger: new DefaultLogger('ERROR'),
    ...change,
  });
}

/** A history with what it holds of its run. */
export interface RecordedRun {
  history: History;
  steps: RecordedStep[];
}

/** @throws PayloadUnreadable when a key is missing. */
export async function recordedRun(
  history: History,
  dataConverter?: DataConverter,
): Promise<RecordedRun> {
  return { history, steps: await recordedSteps(history, dataConverter) };
}

/** What became of one history. */
export interface Replayed {
  workflowId: string;
  runId: string;
  /** Why the engine's own check, or the code itself, ended the replay; null when it came to its end. */
  stopped: string | null;
  differences: Difference[];
}

/**
 * Replays histories and holds what the code asks and answers against what they hold. The engine itself
 * compares the kinds of commands and their order: not what an Update is answered, not how long a timer
 * is, not what an activity is given.
 */
export async function* replayAll(
  workflowBundle: ReplayBundle,
  runs: Iterable<RecordedRun> | AsyncIterable<RecordedRun>,
  dataConverter: DataConverter = { failureConverterPath: FAILURE_CONVERTER_PATH },
): AsyncGenerator<Replayed, undefined> {
  let recorded: RecordedStep[] = [];
  let replayed = new Map<string, Step>();
  const sinks: InjectedSinks<Witness> = {
    witness: {
      asked: {
        fn(_info, commands) {
          // A run that is taken out of the cache and begun again asks the same a second time.
          for (const command of commands) {
            const step = replayedStep(command);
            if (step !== null) replayed.set(step.name, step);
          }
        },
        callDuringReplay: true,
      },
    },
  };
  async function* oneByOne() {
    for await (const { history, steps } of runs) {
      recorded = steps;
      replayed = new Map();
      yield { workflowId: workflowIdOf(history), history };
    }
  }
  const options = { workflowBundle, dataConverter, sinks };
  for await (const { workflowId, runId, error } of Worker.runReplayHistories(options, oneByOne())) {
    const differences = differencesOf(recorded, replayed, { isWhole: error === undefined });
    yield { workflowId, runId, stopped: error?.message ?? null, differences };
  }
}

/** A run that asks for its own id has to get the one it had. */
function workflowIdOf({ events }: History): string {
  return events?.[0]?.workflowExecutionStartedEventAttributes?.workflowId ?? 'unknown';
}
