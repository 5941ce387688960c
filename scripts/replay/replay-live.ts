import type { Client } from '@temporalio/client';
import type { DataConverter } from '@temporalio/common';
import { whyNot } from '../../src/engine/ask.ts';
import { PayloadUnreadable } from '../../src/engine/payload-codec.ts';
import { describeDifference } from './differences.ts';
import { fetchHistory, type LiveRun, sampleRuns } from './live-runs.ts';
import {
  type RecordedRun,
  type ReplayBundle,
  type Replayed,
  recordedRun,
  replayAll,
} from './replay.ts';

/** What a replay of a deployment came to. */
export interface LiveReplay {
  listed: number;
  /** More runs exist than were listed. */
  isCut: boolean;
  replayed: number;
  /** Closed and forgotten by the engine since they were listed. */
  gone: number;
  /** One line per run that differs or could not be read, then where. */
  problems: string[];
}

/** Places that are named of one run. */
const PLACES = 5;

/** Replays a sample of a deployment's runs against the workflows of a bundle. */
export async function replayLive(
  temporal: Client,
  workflowBundle: ReplayBundle,
  { dataConverter, limit, sample }: { dataConverter: DataConverter; limit: number; sample: number },
): Promise<LiveReplay> {
  const { picked, listed, isCut } = await sampleRuns(temporal, { limit, sample });
  const result: LiveReplay = { listed, isCut, replayed: 0, gone: 0, problems: [] };
  async function* readable(): AsyncGenerator<RecordedRun> {
    for (const run of picked) {
      const read = await readRun(temporal, run, dataConverter);
      if (read === null) result.gone += 1;
      else if ('why' in read) result.problems.push(`${nameOf(run)} was not read: ${read.why}`);
      else yield read;
    }
  }
  for await (const one of replayAll(workflowBundle, readable(), dataConverter)) {
    result.replayed += 1;
    result.problems.push(...problemsOf(one));
  }
  return result;
}

async function readRun(
  temporal: Client,
  run: LiveRun,
  dataConverter: DataConverter,
): Promise<RecordedRun | { why: string } | null> {
  try {
    const history = await fetchHistory(temporal, run);
    return history === null ? null : await recordedRun(history, dataConverter);
  } catch (error) {
    return { why: error instanceof PayloadUnreadable ? error.message : whyNot(error) };
  }
}

function problemsOf(one: Replayed): string[] {
  const { stopped, differences } = one;
  if (stopped === null && differences.length === 0) return [];
  const more = differences.length - PLACES;
  return [
    `${nameOf(one)} differs`,
    ...(stopped === null ? [] : [`  ${firstLine(stopped)}`]),
    ...differences.slice(0, PLACES).map((difference) => `  ${describeDifference(difference)}`),
    ...(more > 0 ? [`  and ${more} more`] : []),
  ];
}

function nameOf({ workflowId, runId }: LiveRun): string {
  return `${workflowId} (run ${runId})`;
}

/** The engine's own words; a thrown error's may go on with its stack. */
function firstLine(text: string): string {
  return text.split('\n', 1)[0]?.slice(0, 500) ?? '';
}
