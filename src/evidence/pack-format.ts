import { z } from 'zod';

/** Up with every change that makes an older `verify-audit` misread a pack. */
export const PACK_VERSION = 1;
export const PACK_FORMAT = 'baton-audit-pack';

/** Bytes of an item's rows, before they are compressed: a thread has room for so much. */
export const MAX_ROWS_BYTES = 24 * 1024 * 1024;
/** Bytes of one run's history, and of all of them; a run continues in another one long before. */
export const MAX_HISTORY_BYTES = 16 * 1024 * 1024;
export const MAX_HISTORIES_BYTES = 256 * 1024 * 1024;
/** Bytes that a pack may unfold to, and files that it may hold: a verification reads no more. */
export const MAX_UNPACKED_BYTES = 512 * 1024 * 1024;
export const MAX_FILES = 256;
/** Bytes of the pack itself. */
export const MAX_PACK_BYTES = 256 * 1024 * 1024;

/** Files with one JSON value per line, in the order they stand in. */
export const ROW_FILES = [
  'events',
  'commands',
  'briefs',
  'drafts',
  'files',
  'handoffs',
  'approvals',
  'publications',
  'sends',
  'posts',
  'readings',
  'reviews',
  'addenda',
  'learnings',
  'comments',
  'repairs',
  'acts',
  'runs',
] as const;
export type RowFile = (typeof ROW_FILES)[number];

export const README = 'README.txt';
export const MANIFEST = 'manifest.json';
export const ITEM = 'item.json';
export const PLAYBOOK = 'playbook.json';
/** A digest per field of every row: says where a changed file was changed. */
export const DIGESTS = 'digests.jsonl';

export function pathOf(file: RowFile): string {
  return `${file}.jsonl`;
}

/** Entries of the engine's history of a run, one per line. */
export function historyPath(number: number): string {
  return `histories/${number}.jsonl`;
}

const NAMES: ReadonlySet<string> = new Set([
  README,
  MANIFEST,
  ITEM,
  PLAYBOOK,
  DIGESTS,
  ...ROW_FILES.map(pathOf),
]);

/** Whether a pack may hold a file of this name: no other one is ever opened. */
export function isPackPath(path: string): boolean {
  return NAMES.has(path) || /^histories\/[1-9]\d{0,2}\.jsonl$/.test(path);
}

const sha256 = z.string().regex(/^[0-9a-f]{64}$/);
const count = z.int().min(0);

export const Manifest = z.strictObject({
  format: z.literal(PACK_FORMAT),
  packVersion: z.literal(PACK_VERSION),
  workspaceId: z.string(),
  itemId: z.string(),
  head: z.strictObject({ seq: count, hash: sha256 }),
  actsHead: z.strictObject({ seq: count, hash: sha256 }),
  machineVersion: count,
  playbook: z.strictObject({ name: z.string(), version: count }),
  files: z.array(z.strictObject({ path: z.string(), sha256, bytes: count, rows: count })),
});
export type Manifest = z.infer<typeof Manifest>;

/** A run of the item, as `runs.jsonl` tells of it. */
export const RunRow = z.strictObject({
  runId: z.string().nullable(),
  state: z.enum(['archived', 'in_engine', 'missing']),
  path: z.string().nullable(),
  /** Of the text that was archived; what is in the pack is that text with its payloads decoded. */
  archivedSha256: sha256.nullable(),
  archivedAt: z.string().nullable(),
  why: z.string().nullable(),
});
export type RunRow = z.infer<typeof RunRow>;

/** Digests of one row: of each field, in the first 16 hex digits of a SHA-256. */
export const RowDigest = z.strictObject({
  file: z.string(),
  row: z.int().min(1),
  fields: z.record(z.string(), z.string()),
});
export type RowDigest = z.infer<typeof RowDigest>;

/** First difference first. `row` counts from 1; of a file that has no rows it is null. */
export interface Fault {
  file: string;
  row: number | null;
  field: string | null;
  message: string;
}
