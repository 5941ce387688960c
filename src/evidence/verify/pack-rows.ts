import { z } from 'zod';
import type { AskedCommand } from '../../domain/item/replay/replay.ts';
import type { ItemSnapshot } from '../../domain/item/run.ts';
import type { ContentItemInput } from '../../workflows/messages.ts';
import { ITEM, pathOf, type RowFile, RunRow } from '../pack-format.ts';
import { PackFault, type PackFiles, rowsOf } from './read-pack.ts';

const data = z.record(z.string(), z.unknown());
const text = z.string();
const count = z.int();

const EventRow = z.looseObject({
  itemId: text,
  workspaceId: text,
  seq: count,
  at: text,
  type: text,
  actor: text,
  data,
  prevHash: text,
  hash: text,
  commandId: text.nullable(),
});
export type EventRow = z.infer<typeof EventRow>;

const CommandRow = z.looseObject({
  id: text,
  itemId: text,
  workspaceId: text,
  actorId: text,
  source: z.enum(['http', 'webhook', 'cli']),
  type: text,
  payload: data,
  state: z.enum(['pending', 'applied', 'refused', 'expired']),
  answer: data.nullable(),
  unmet: z.array(data).nullable(),
  appliedSeq: count.nullable(),
  refusedAtSeq: count.nullable(),
});
export type CommandRow = z.infer<typeof CommandRow>;

const VersionRow = z.looseObject({ itemId: text, version: count, hash: text, body: data });
export type VersionRow = z.infer<typeof VersionRow>;

const ReviewRow = z.looseObject({ id: text, number: count, hash: text, body: data });
const PublicationRow = z.looseObject({ id: text, itemId: text, state: text, at: text });
const SendRow = z.looseObject({ publicationId: text, contentHash: text });
const PostRow = z.looseObject({ publicationId: text });
const CommentRow = z.looseObject({ id: text, commandId: text.nullable() });
const OfItem = z.looseObject({ itemId: text });
const ActRow = z.strictObject({
  seq: count,
  prevHash: text,
  hash: text,
  record: text.nullable(),
});

const ItemFile = z.looseObject({
  id: text,
  workspaceId: text,
  seq: count,
  headHash: text,
  snapshot: z.looseObject({ machineVersion: count, context: z.looseObject({}) }),
});

/** Everything of a pack that is checked against something else in it. */
export interface PackRows {
  item: z.infer<typeof ItemFile> & { snapshot: ItemSnapshot };
  events: EventRow[];
  commands: CommandRow[];
  briefs: VersionRow[];
  drafts: VersionRow[];
  handoffs: Record<string, unknown>[];
  approvals: Record<string, unknown>[];
  publications: z.infer<typeof PublicationRow>[];
  sends: z.infer<typeof SendRow>[];
  posts: z.infer<typeof PostRow>[];
  readings: z.infer<typeof OfItem>[];
  reviews: z.infer<typeof ReviewRow>[];
  addenda: z.infer<typeof ReviewRow>[];
  learnings: z.infer<typeof OfItem>[];
  comments: z.infer<typeof CommentRow>[];
  repairs: z.infer<typeof OfItem>[];
  acts: z.infer<typeof ActRow>[];
  runs: RunRow[];
}

/** @throws PackFault at the first row that is not of its kind. */
export function readRows(files: PackFiles): PackRows {
  function all<T>(file: RowFile, schema: z.ZodType<T>): T[] {
    return parseRows(files, pathOf(file), schema);
  }
  const [item] = parseRows(files, ITEM, ItemFile);
  if (item === undefined) throw faultAt(ITEM, null, null, 'is empty');
  return {
    // `snapshot` is looked into by the machine only, which names what it does not know.
    item: item as unknown as PackRows['item'],
    events: all('events', EventRow),
    commands: all('commands', CommandRow),
    briefs: all('briefs', VersionRow),
    drafts: all('drafts', VersionRow),
    handoffs: all('handoffs', data),
    approvals: all('approvals', data),
    publications: all('publications', PublicationRow),
    sends: all('sends', SendRow),
    posts: all('posts', PostRow),
    readings: all('readings', OfItem),
    reviews: all('reviews', ReviewRow),
    addenda: all('addenda', ReviewRow),
    learnings: all('learnings', OfItem),
    comments: all('comments', CommentRow),
    repairs: all('repairs', OfItem),
    acts: all('acts', ActRow),
    runs: all('runs', RunRow),
  };
}

function parseRows<T>(files: PackFiles, path: string, schema: z.ZodType<T>): T[] {
  return rowsOf(files, path).map((row, index) => {
    const read = schema.safeParse(row);
    if (read.success) return read.data;
    const [issue] = read.error.issues;
    throw faultAt(path, index + 1, issue?.path.join('.') ?? null, issue?.message ?? 'is not valid');
  });
}

function faultAt(
  file: string,
  row: number | null,
  field: string | null,
  message: string,
): PackFault {
  return new PackFault({ file, row, field, message });
}

/** What the row of a start holds; null for a row that is no start. */
export function startOf({ payload }: CommandRow): ContentItemInput | null {
  return payload['kind'] === 'start' ? (payload['input'] as ContentItemInput) : null;
}

/** The command as it was sent to the run; null for one that never was. */
export function messageOf({ payload }: CommandRow): AskedCommand | null {
  return payload['kind'] === 'command' ? (payload['message'] as AskedCommand) : null;
}
