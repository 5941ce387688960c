import { defineQuery, setHandler, sleep } from '@temporalio/workflow';
import { contentItem as present } from '../../src/workflows/content-item.ts';

export { historyArchive } from '../../src/workflows/history-archive.ts';

/** Another build of the workflows, with a first step that no run of the present one can replay. */
export async function contentItem(
  input: Parameters<typeof present>[0],
): ReturnType<typeof present> {
  setHandler(defineQuery<string>('build'), () => 'other');
  void sleep('1 millisecond');
  return present(input);
}
