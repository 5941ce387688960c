import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { historyFromJSON } from '@temporalio/common/lib/proto-utils.js';
import { describeDifference } from '../../scripts/replay/differences.ts';
import { type ReplayBundle, recordedRun, replayAll } from '../../scripts/replay/replay.ts';

const DIRECTORY = join(import.meta.dirname, '..', 'histories');

/** Names of the histories that were recorded by `npm run histories:record`. */
export const RECORDED_HISTORIES = readdirSync(DIRECTORY).filter((file) =>
  file.endsWith('.json.gz'),
);

export type RecordedHistory = ReturnType<typeof readHistory>;

export function readHistory(file: string) {
  return historyFromJSON(
    JSON.parse(gunzipSync(readFileSync(join(DIRECTORY, file))).toString('utf8')),
  );
}

/** What a replay of one recorded history differs in; null when nothing does. */
export async function replayOf(bundle: ReplayBundle, file: string): Promise<string | null> {
  return replayOfHistory(bundle, readHistory(file));
}

export async function replayOfHistory(
  bundle: ReplayBundle,
  history: RecordedHistory,
): Promise<string | null> {
  for await (const { stopped, differences } of replayAll(bundle, [await recordedRun(history)])) {
    const lines = differences.map(describeDifference);
    return [...(stopped === null ? [] : [stopped]), ...lines].join('\n') || null;
  }
  throw new Error('the history was not replayed');
}
