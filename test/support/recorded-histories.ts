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

/** What the replay of each recorded history differs in; null where nothing does. */
export type Replays = ReadonlyMap<string, string | null>;

export async function replaysOf(
  bundle: ReplayBundle,
  files: readonly string[] = RECORDED_HISTORIES,
): Promise<Replays> {
  const differences = await differencesOf(bundle, files.map(readHistory));
  return new Map(files.map((file, index) => [file, differences[index] ?? null]));
}

export async function replayOfHistory(
  bundle: ReplayBundle,
  history: RecordedHistory,
): Promise<string | null> {
  const [difference] = await differencesOf(bundle, [history]);
  return difference ?? null;
}

/** One worker replays all of them: loading the code takes longer than a history. */
async function differencesOf(
  bundle: ReplayBundle,
  histories: readonly RecordedHistory[],
): Promise<(string | null)[]> {
  const runs = await Promise.all(histories.map((history) => recordedRun(history)));
  const found: (string | null)[] = [];
  for await (const { stopped, differences } of replayAll(bundle, runs)) {
    const lines = differences.map(describeDifference);
    found.push([...(stopped === null ? [] : [stopped]), ...lines].join('\n') || null);
  }
  if (found.length < histories.length) throw new Error('not every history was replayed');
  return found;
}
