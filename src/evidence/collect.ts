import { setImmediate as nextTurn } from 'node:timers/promises';
import {
  actEvidence,
  evidenceOf,
  fileEvidence,
  readItemEvidence,
  readPlaybookEvidence,
} from '../db/audit/evidence.ts';
import type { Db } from '../db/client.ts';
import type { ItemKey } from '../db/item/items.ts';
import { inSnapshot } from '../db/transaction.ts';
import { credentialOf } from '../db/workspace/issued-credentials.ts';
import { canonicalJson } from '../domain/canonical.ts';
import { GENESIS_HASH } from '../domain/item/event.ts';
import type { ItemSnapshot } from '../domain/item/run.ts';
import { MAX_ROWS_BYTES, type RowFile } from './pack-format.ts';

type Row = Record<string, unknown>;

/** More than a pack may hold. */
export class TooMuchEvidence extends Error {
  override readonly name = 'TooMuchEvidence';
}

/** What the tables know of an item, at one moment. */
export interface Evidence {
  item: Row;
  playbook: Row;
  /** Lines of JSON by file. */
  rows: Record<Exclude<RowFile, 'runs'>, string>;
  head: { seq: number; hash: string };
  actsHead: { seq: number; hash: string };
  snapshot: ItemSnapshot;
  isClosed: boolean;
  /** Runs that another one took the place of. */
  replacedRuns: string[];
}

/** @returns null when the workspace has no such item. @throws TooMuchEvidence. */
export function collectEvidence(db: Db, key: ItemKey): Promise<Evidence | null> {
  return inSnapshot(db, async (tx) => {
    const item = await readItemEvidence(tx, key);
    if (item === null) return null;
    // Written by a projection only.
    const snapshot = item['snapshot'] as ItemSnapshot;
    const room = { bytes: MAX_ROWS_BYTES };
    const mentioned = new Set<string>(membersOf(snapshot));
    const fileHashes = new Set<string>();
    const replacedRuns: string[] = [];
    const rows: Record<string, string> = {};
    for (const [file, pages] of Object.entries(evidenceOf(tx, key))) {
      rows[file] = await linesOfPages(pages, room, (row) => {
        for (const id of mentionsOf(row)) mentioned.add(id);
        if (file === 'drafts') for (const hash of assetsOf(row['body'])) fileHashes.add(hash);
        if (file === 'events' && row['type'] === 'run.replaced') {
          const { runId } = row['data'] as Row;
          if (typeof runId === 'string') replacedRuns.push(runId);
        }
      });
    }
    const { workspaceId } = key;
    const files = fileEvidence(tx, { workspaceId, hashes: [...fileHashes] });
    rows['files'] = fileHashes.size === 0 ? '' : await linesOfPages(files, room);
    rows['handoffs'] = linesOfRows(snapshot.context.handoffs);
    rows['approvals'] = linesOfRows(snapshot.context.approvals);
    const { name, version } = snapshot.context.playbook;
    const playbook = (await readPlaybookEvidence(tx, { workspaceId, name, version })) ?? {};
    if (typeof playbook['id'] === 'string') mentioned.add(playbook['id']);
    const acts = await actLines(
      actEvidence(tx, { workspaceId, about: [...mentioned].sort() }),
      room,
    );
    rows['acts'] = acts.lines;
    return {
      item,
      playbook,
      // Every name of `evidenceOf`, and those above.
      rows: rows as Evidence['rows'],
      head: { seq: Number(item['seq']), hash: String(item['headHash']) },
      actsHead: acts.head,
      snapshot,
      isClosed: item['closedAt'] !== null,
      replacedRuns,
    };
  });
}

function membersOf({ context }: ItemSnapshot): string[] {
  const ids = [...Object.values(context.team), ...context.coAuthors, context.campaign?.id];
  return ids.filter((id) => typeof id === 'string');
}

/** Whom and what a row names that an administrative act may have been about. */
function mentionsOf(row: Row): string[] {
  const { actor, actorId, authorId, createdBy, channelAccountId, commandId, id } = row;
  const credentials = [commandId, id].map((one) =>
    typeof one === 'string' ? credentialOf(one) : null,
  );
  return [actor, actorId, authorId, createdBy, channelAccountId, ...credentials].filter(
    (one) => typeof one === 'string',
  );
}

function assetsOf(body: unknown): string[] {
  const found: string[] = [];
  const look = (value: unknown) => {
    if (Array.isArray(value)) for (const one of value) look(one);
    else if (typeof value === 'object' && value !== null) {
      for (const [key, one] of Object.entries(value)) {
        if (key === 'hash' && typeof one === 'string') found.push(one);
        else look(one);
      }
    }
  };
  look((body as { assets?: unknown } | null)?.assets ?? []);
  return found;
}

function linesOfRows(rows: readonly object[]): string {
  return rows.map((row) => `${canonicalJson(row)}\n`).join('');
}

/** A page at a time, and the event loop in between. @throws TooMuchEvidence. */
async function linesOfPages(
  pages: AsyncIterable<Row[]>,
  room: { bytes: number },
  note: (row: Row) => void = () => {},
): Promise<string> {
  const parts: string[] = [];
  for await (const rows of pages) {
    for (const row of rows) note(row);
    const text = linesOfRows(rows);
    room.bytes -= Buffer.byteLength(text);
    if (room.bytes < 0) throw new TooMuchEvidence(`more than ${MAX_ROWS_BYTES} bytes`);
    parts.push(text);
    await nextTurn();
  }
  return parts.join('');
}

/**
 * Acts after the last one that is shown are left out, and take no room: they are about something else.
 * @throws TooMuchEvidence.
 */
export async function actLines(
  pages: AsyncIterable<Row[]>,
  room: { bytes: number },
): Promise<{ lines: string; head: { seq: number; hash: string } }> {
  let head = { seq: 0, hash: GENESIS_HASH };
  let length = 0;
  let text = '';
  let unshown = 0;
  for await (const rows of pages) {
    for (const row of rows) {
      const line = `${canonicalJson(row)}\n`;
      unshown += Buffer.byteLength(line);
      // Beyond the room nothing is kept: the next act that is shown refuses the pack anyway.
      if (unshown <= room.bytes) text += line;
      if (row['record'] === null) continue;
      room.bytes -= unshown;
      unshown = 0;
      length = text.length;
      head = { seq: Number(row['seq']), hash: String(row['hash']) };
    }
    if (room.bytes < 0) throw new TooMuchEvidence(`more than ${MAX_ROWS_BYTES} bytes`);
    await nextTurn();
  }
  return { lines: text.slice(0, length), head };
}
