import type { Client } from '@temporalio/client';
import { decodeArrayFromPayloads } from '@temporalio/common/lib/internal-non-workflow/index.js';
import { ask } from '../engine/ask.ts';
import { PayloadUnreadable } from '../engine/payload-codec.ts';

/** One run of the engine; without a run id, the latest of the workflow. */
export interface Execution {
  workflowId: string;
  runId?: string;
}

type HistoryPage = Awaited<
  ReturnType<Client['workflowService']['getWorkflowExecutionHistoryReverse']>
>;
export type HistoryEntry = NonNullable<NonNullable<HistoryPage['history']>['events']>[number];
export type HistoryFailure = NonNullable<
  NonNullable<HistoryEntry['workflowTaskFailedEventAttributes']>['failure']
>;
type Payloads = Parameters<typeof decodeArrayFromPayloads>[1];

/** The entries of a run's history, page by page, from its start unless `isReverse`. */
export async function* pagesOf(
  temporal: Client,
  execution: Execution,
  until: number,
  { size, isReverse = false }: { size?: number; isReverse?: boolean },
): AsyncGenerator<HistoryEntry[], undefined> {
  const { workflowService, options } = temporal;
  const { namespace } = options;
  let nextPageToken: Uint8Array | null = null;
  do {
    const request = { namespace, execution, maximumPageSize: size ?? null, nextPageToken };
    const page: HistoryPage = await ask(temporal, until, () =>
      isReverse
        ? workflowService.getWorkflowExecutionHistoryReverse(request)
        : workflowService.getWorkflowExecutionHistory(request),
    );
    yield page.history?.events ?? [];
    nextPageToken = page.nextPageToken ?? null;
  } while (nextPageToken !== null && nextPageToken.length > 0);
}

/** What opens the payloads of a history. */
export interface Decoder {
  options: Pick<Client['options'], 'loadedDataConverter'>;
}

/** Payloads of this program's own making; whatever else they hold is looked at before it is used. */
export async function decode(temporal: Decoder, payloads: Payloads): Promise<(object | null)[]> {
  try {
    const values = await decodeArrayFromPayloads(temporal.options.loadedDataConverter, payloads);
    return values.map((value) => (typeof value === 'object' ? value : null));
  } catch (error) {
    // A key is missing: what is not read is not what is not there.
    if (error instanceof PayloadUnreadable) throw error;
    return [];
  }
}
