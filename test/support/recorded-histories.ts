import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { historyFromJSON } from '@temporalio/common/lib/proto-utils.js';

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
