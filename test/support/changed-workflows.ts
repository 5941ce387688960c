import { sleep } from '@temporalio/workflow';
import { contentItem as standing } from '../../src/workflows/content-item.ts';

/** The item's workflow with a timer that its recorded histories do not have: replay must notice. */
export async function contentItem(input: Parameters<typeof standing>[0]): Promise<unknown> {
  await sleep('1 hour');
  return standing(input);
}
