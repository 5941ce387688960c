import { strToU8, unzipSync, zipSync } from 'fflate';
import { canonicalJson } from '../../src/domain/canonical.ts';
import { chainEvents, GENESIS_HASH, type ItemEvent } from '../../src/domain/item/event.ts';
import { linesOf, packFile } from '../../src/evidence/pack-file.ts';
import { DIGESTS, MANIFEST, type Manifest, README } from '../../src/evidence/pack-format.ts';

/** The files of a pack, to be changed. */
export type Unpacked = Record<string, string>;

export function unpacked(pack: Uint8Array): Unpacked {
  const files = Object.entries(unzipSync(pack));
  return Object.fromEntries(files.map(([path, bytes]) => [path, Buffer.from(bytes).toString()]));
}

export function repacked(files: Unpacked): Uint8Array {
  const entries = Object.entries(files).map(([path, text]) => [path, strToU8(text)]);
  return zipSync(Object.fromEntries(entries), { level: 0 });
}

export function rowsIn(files: Unpacked, path: string): Record<string, unknown>[] {
  return linesOf(files[path] ?? '').map((line) => JSON.parse(line));
}

export function withRows(files: Unpacked, path: string, rows: readonly object[]): Unpacked {
  return { ...files, [path]: rows.map((row) => `${canonicalJson(row)}\n`).join('') };
}

/** Whoever changed the files makes manifest and digests anew. */
export function sealed(files: Unpacked, change: Partial<Manifest> = {}): Unpacked {
  const manifest: Manifest = { ...JSON.parse(files[MANIFEST] ?? ''), ...change };
  let digests = '';
  const listed: Manifest['files'] = [];
  for (const { path } of manifest.files) {
    if (path === DIGESTS) continue;
    const packed = packFile({ path, text: files[path] ?? '', hasRows: path !== README });
    digests += packed.digests;
    listed.push({ path, sha256: packed.sha256, bytes: packed.bytes, rows: packed.rows });
  }
  const { sha256, bytes } = packFile({ path: DIGESTS, text: digests, hasRows: false });
  listed.push({ path: DIGESTS, sha256, bytes, rows: 0 });
  const text = `${canonicalJson({ ...manifest, files: listed })}\n`;
  return { ...files, [DIGESTS]: digests, [MANIFEST]: text };
}

/** Chains events anew after one of them was changed, with the item's head: consistent in itself. */
export function rechained(files: Unpacked, rows: readonly Record<string, unknown>[]): Unpacked {
  let head = { seq: 0, hash: GENESIS_HASH };
  const chained = rows.map((row) => {
    const { type, at, actor, data } = row as unknown as ItemEvent;
    const [event] = chainEvents(head, [{ type, data }], { at, actor });
    head = { seq: event?.seq ?? 0, hash: event?.hash ?? '' };
    return { ...row, ...event };
  });
  const [item] = rowsIn(files, 'item.json');
  const changed = withRows(files, 'events.jsonl', chained);
  const ended = { ...item, seq: head.seq, headHash: head.hash };
  return sealed(withRows(changed, 'item.json', [ended]), { head });
}
