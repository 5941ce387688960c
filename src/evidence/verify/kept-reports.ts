import { historyFromJSON } from '@temporalio/common/lib/proto-utils.js';
import type { Decoder } from '../../audit/history-pages.ts';
import {
  asInput,
  inputOf,
  type Report,
  type RunRecord,
  readMessages,
  readReports,
} from '../../audit/run-history.ts';
import type { ItemRunInput } from '../../workflows/messages.ts';

/** What entries of a kept history tell of the item, one by one. */
export async function readKeptReports(
  decoder: Decoder,
  entries: object[],
): Promise<{ input: ItemRunInput | null; reports: Report[]; messages: RunRecord['messages'] }> {
  const events = historyFromJSON({ events: entries }).events ?? [];
  const [first] = events;
  return {
    input: first === undefined ? null : asInput(await inputOf(decoder, first)),
    reports: await readReports(decoder, events),
    messages: await readMessages(decoder, events),
  };
}
