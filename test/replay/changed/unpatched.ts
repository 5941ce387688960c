import { sleep } from '@temporalio/workflow';
import { contentItem as present } from '../../../src/workflows/content-item.ts';

export { historyArchive } from '../../../src/workflows/history-archive.ts';

/** The item's workflow with a step that recorded runs do not have. */
export async function contentItem(
  input: Parameters<typeof present>[0],
): ReturnType<typeof present> {
  const end = await present(input);
  await sleep('1 second');
  return end;
}
