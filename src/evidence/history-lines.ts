import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import type { Payload, PayloadCodec } from '@temporalio/common';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import { pagesOf } from '../audit/history-pages.ts';
import { canonicalJson } from '../domain/canonical.ts';
import { jobOf, runInThread } from '../threads/threads.ts';
import { linesOf } from './pack-file.ts';

/** For all pages of a history together. */
const FETCH_MS = 20_000;
const LINES_AT_A_TIME = 50;
/** How a payload says, in the JSON of a history, that a codec has sealed it. */
const SEALED = Buffer.from('binary/encrypted').toString('base64');

/** The engine's history of a run, an entry per line, and the run that it continued. */
export interface HistoryText {
  lines: string;
  continuedRunId: string | null;
}

/** From the JSON that was archived. */
export function splitHistory(text: string): HistoryText {
  const { events = [] }: { events?: HistoryEntryJson[] } = JSON.parse(text);
  return {
    lines: events.map((event) => `${canonicalJson(event)}\n`).join(''),
    continuedRunId:
      events[0]?.workflowExecutionStartedEventAttributes?.continuedExecutionRunId || null,
  };
}

export const SPLIT_HISTORY = jobOf(import.meta, splitHistory);

interface HistoryEntryJson {
  workflowExecutionStartedEventAttributes?: { continuedExecutionRunId?: string };
}

/**
 * An archived history as lines, its payloads decoded.
 * @throws PayloadUnreadable when the key is gone.
 */
export async function archivedLines(
  temporal: Client,
  text: string,
  { workspaceId }: { workspaceId: string },
): Promise<HistoryText> {
  const split = await runInThread(SPLIT_HISTORY, text, { workspaceId });
  return { ...split, lines: await openPayloads(temporal, split.lines) };
}

/** The same of a run that the engine still has. @throws the engine's error, NoAnswer. */
export async function engineLines(
  temporal: Client,
  execution: { workflowId: string; runId: string },
): Promise<HistoryText> {
  const until = Date.now() + FETCH_MS;
  let lines = '';
  let continuedRunId: string | null = null;
  for await (const events of pagesOf(temporal, execution, until, {})) {
    const split = splitHistory(historyToJSON({ events }));
    lines += split.lines;
    continuedRunId ??= split.continuedRunId;
  }
  return { lines: await openPayloads(temporal, lines), continuedRunId };
}

async function openPayloads(temporal: Client, text: string): Promise<string> {
  if (!text.includes(SEALED)) return text;
  const { payloadCodecs } = temporal.options.loadedDataConverter;
  const opened: string[] = [];
  for (const [index, line] of linesOf(text).entries()) {
    opened.push(line.includes(SEALED) ? await openLine(payloadCodecs, line) : line);
    if (index % LINES_AT_A_TIME === 0) await nextTurn();
  }
  return opened.map((line) => `${line}\n`).join('');
}

async function openLine(codecs: readonly PayloadCodec[], line: string): Promise<string> {
  return canonicalJson(await openValue(codecs, JSON.parse(line)));
}

async function openValue(codecs: readonly PayloadCodec[], value: unknown): Promise<unknown> {
  if (Array.isArray(value)) {
    return Promise.all(value.map((one) => openValue(codecs, one)));
  }
  if (typeof value !== 'object' || value === null) return value;
  if (isSealed(value)) return openPayload(codecs, value);
  const entries = Object.entries(value).map(
    async ([key, one]) => [key, await openValue(codecs, one)] as const,
  );
  return Object.fromEntries(await Promise.all(entries));
}

interface PayloadJson {
  metadata: Record<string, string>;
  data?: string;
}

function isSealed(value: object): value is PayloadJson {
  const { metadata } = value as Partial<PayloadJson>;
  return typeof metadata === 'object' && metadata['encoding'] === SEALED;
}

/** The codec seals a payload whole: what it opens is the payload as it was. */
async function openPayload(
  codecs: readonly PayloadCodec[],
  { metadata, data = '' }: PayloadJson,
): Promise<PayloadJson> {
  let payloads: Payload[] = [
    {
      metadata: Object.fromEntries(
        Object.entries(metadata).map(([key, text]) => [key, Buffer.from(text, 'base64')]),
      ),
      data: Buffer.from(data, 'base64'),
    },
  ];
  for (const codec of codecs) payloads = await codec.decode(payloads);
  const [opened] = payloads;
  return {
    metadata: Object.fromEntries(
      Object.entries(opened?.metadata ?? {}).map(([key, bytes]) => [key, base64Of(bytes)]),
    ),
    data: base64Of(opened?.data ?? new Uint8Array()),
  };
}

function base64Of(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64');
}
