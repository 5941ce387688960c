import { patched, sleep } from '@temporalio/workflow';
import { contentItem as present } from '../../../src/workflows/content-item.ts';

export { historyArchive } from '../../../src/workflows/history-archive.ts';

/** The same step behind a patch: runs that began without it go on without it. */
export async function contentItem(
  input: Parameters<typeof present>[0],
): ReturnType<typeof present> {
  const end = await present(input);
  if (patched('wait-at-the-end')) await sleep('1 second');
  return end;
}
