import { contentHashOf, hashOf } from '../../domain/canonical.ts';
import { differingField } from '../../domain/item/replay/replay.ts';
import { type Fault, type Manifest, pathOf, type RowFile } from '../pack-format.ts';
import { messageOf, type PackRows, startOf, type VersionRow } from './pack-rows.ts';
import type { ToldByHistory } from './read-histories.ts';
import { type PackFiles, rowsOf } from './read-pack.ts';

/** Every row against what else in the pack tells of it; the faults of a file in the order of its rows. */
export function findRowFaults(
  files: PackFiles,
  rows: PackRows,
  { manifest, told }: { manifest: Manifest; told: ToldByHistory },
): Fault[] {
  return [
    ...ownerFaults(files, manifest),
    ...commandFaults(rows, told),
    ...versionFaults(rows, 'briefs', 'brief.saved'),
    ...versionFaults(rows, 'drafts', 'draft.saved'),
    ...contentFaults(rows),
    ...partFaults(rows, 'handoffs'),
    ...partFaults(rows, 'approvals'),
    ...publicationFaults(rows),
    ...reviewFaults(rows),
    ...commentFaults(rows),
  ];
}

function faultOf(file: RowFile, index: number, field: string | null, message: string): Fault {
  return { file: pathOf(file), row: index + 1, field, message };
}

const OF_ITEM: readonly RowFile[] = [
  'events',
  'commands',
  'briefs',
  'drafts',
  'publications',
  'sends',
  'posts',
  'readings',
  'reviews',
  'addenda',
  'learnings',
  'comments',
  'repairs',
];

/** Nothing of another item or workspace is among the rows. */
function ownerFaults(files: PackFiles, manifest: Manifest): Fault[] {
  const faults: Fault[] = [];
  for (const file of OF_ITEM) {
    for (const [index, row] of rowsOf(files, pathOf(file)).entries()) {
      for (const field of ['itemId', 'workspaceId'] as const) {
        if (row[field] === manifest[field]) continue;
        faults.push(faultOf(file, index, field, `is not ${manifest[field]}`));
      }
    }
  }
  return faults;
}

function commandFaults({ commands, events }: PackRows, told: ToldByHistory): Fault[] {
  const first = new Map(events.map(({ commandId, seq }) => [commandId, seq]));
  const faults: Fault[] = [];
  const seen = new Set<string>();
  for (const [index, row] of commands.entries()) {
    const at = (field: string, message: string) =>
      faults.push(faultOf('commands', index, field, message));
    const message = messageOf(row);
    const start = startOf(row);
    if (seen.has(row.id)) at('id', 'is there twice');
    seen.add(row.id);
    if (!row.id.startsWith(`${row.source}:`)) at('source', 'is not what the id says');
    if (message !== null) {
      if (message.id !== row.id) at('payload.message.id', 'is not the id of the row');
      if (message.type !== row.type) at('type', 'is not that of the command');
      if (message.actor.memberId !== row.actorId) at('actorId', 'is not who gave the command');
    } else if (start !== null) {
      if (start.commandId !== row.id) at('payload.input.commandId', 'is not the id of the row');
      if (start.actor !== row.actorId) at('actorId', 'is not who started the item');
    }
    if (row.state === 'applied') {
      if (row.answer === null) at('answer', 'is missing');
      // A command may change nothing, and then has no event.
      else if (row.answer['seq'] !== row.appliedSeq) at('appliedSeq', 'is not what was answered');
    } else if (row.state !== 'pending' && (row.unmet ?? []).length === 0) {
      at('unmet', 'does not say what was unmet');
    }
    if (row.state === 'pending' && first.has(row.id)) at('state', 'is pending; it was applied');
    const sent = told.messages.get(row.id);
    const field = sent && message ? differingField({ ...sent }, { ...message }) : null;
    if (field !== null) at(`payload.message.${field}`, 'is not what the engine was sent');
    const answered = told.answers.get(row.id)?.answer;
    if (row.state === 'refused' && answered !== undefined && row.appliedSeq === null) {
      at('state', 'is refused; the run answered that it is applied');
    }
  }
  return faults;
}

/** A version's hash is that of its text, and the chain names every version; none is there beside it. */
function versionFaults(rows: PackRows, file: 'briefs' | 'drafts', saved: string): Fault[] {
  const versions: readonly VersionRow[] = rows[file];
  const faults: Fault[] = [];
  const byVersion = new Map(versions.map((row) => [row.version, row]));
  const named = new Set(
    rows.events.filter(({ type }) => type === saved).map(({ data }) => Number(data['version'])),
  );
  for (const [index, { version, hash, body }] of versions.entries()) {
    if (version !== index + 1) faults.push(faultOf(file, index, 'version', `is not ${index + 1}`));
    if (hashOf(body) !== hash) {
      faults.push(faultOf(file, index, 'body', 'its hash is not the one that stands there'));
    }
    if (!named.has(version)) {
      faults.push(faultOf(file, index, 'version', 'is named by no event'));
    }
  }
  for (const [index, { type, data }] of rows.events.entries()) {
    if (type !== saved) continue;
    const row = byVersion.get(Number(data['version']));
    if (row === undefined) {
      faults.push(faultOf('events', index, 'data.version', `${file} has no such version`));
    } else if (row.hash !== data['hash']) {
      faults.push(faultOf(file, row.version - 1, 'hash', `is not that of event ${index + 1}`));
    }
  }
  return faults;
}

/** What approvals bind to is the hash over both texts. */
function contentFaults({ events, briefs, drafts, item }: PackRows): Fault[] {
  const known = new Set<unknown>([null]);
  for (const brief of briefs) {
    for (const draft of drafts) {
      known.add(contentHashOf({ briefHash: brief.hash, draftHash: draft.hash }));
    }
  }
  const faults: Fault[] = [];
  for (const [index, { data }] of events.entries()) {
    const { contentHash } = data;
    if (contentHash === undefined || known.has(contentHash)) continue;
    faults.push(faultOf('events', index, 'data.contentHash', 'is the hash of no brief and draft'));
  }
  const { contentHash } = item.snapshot.context;
  if (!known.has(contentHash)) {
    const field = 'snapshot.context.contentHash';
    faults.push({ file: 'item.json', row: 1, field, message: 'is the hash of no brief and draft' });
  }
  return faults;
}

/** A part of the state that has a file of its own. */
function partFaults(rows: PackRows, file: 'handoffs' | 'approvals'): Fault[] {
  const expected: readonly object[] = rows.item.snapshot.context[file];
  const shown = rows[file];
  for (let index = 0; index < Math.max(expected.length, shown.length); index += 1) {
    const field = differingField({ ...expected[index] }, { ...shown[index] });
    if (field !== null) return [faultOf(file, index, field, 'is not what the item has')];
  }
  return [];
}

/** Fields that a post's row shares with its record in the state. */
const SHARED = [
  'channelAccountId',
  'channel',
  'slotNumber',
  'state',
  'at',
  'local',
  'zone',
  'publishedAt',
  'permalink',
  'evidence',
] as const;

function publicationFaults({ item, publications, sends, posts }: PackRows): Fault[] {
  const records = new Map(item.snapshot.context.publications.map((one) => [one.id, one]));
  const faults: Fault[] = [];
  for (const [index, row] of publications.entries()) {
    const record = records.get(row.id);
    records.delete(row.id);
    if (record === undefined) {
      faults.push(faultOf('publications', index, 'id', 'is not in the state of the item'));
      continue;
    }
    for (const field of SHARED) {
      if (differingField({ field: row[field] }, { field: record[field] }) === null) continue;
      faults.push(faultOf('publications', index, field, 'is not what the item has'));
    }
  }
  for (const id of records.keys()) {
    faults.push(faultOf('publications', publications.length, null, `${id} is missing`));
  }
  const known = new Set(publications.map(({ id }) => id));
  for (const [file, list] of [
    ['sends', sends],
    ['posts', posts],
  ] as const) {
    for (const [index, { publicationId }] of list.entries()) {
      if (known.has(publicationId)) continue;
      faults.push(faultOf(file, index, 'publicationId', 'is no publication of the item'));
    }
  }
  return faults;
}

/** A frozen review's hash is that of what it was judged by, and the chain names it. */
function reviewFaults({ events, reviews, addenda }: PackRows): Fault[] {
  const faults = [...judgedFaults('reviews', reviews), ...judgedFaults('addenda', addenda)];
  for (const [index, { id, hash }] of reviews.entries()) {
    const frozen = events.find(
      ({ type, data }) => type === 'kpi_review.frozen' && data['reviewId'] === id,
    );
    if (frozen !== undefined && frozen.data['hash'] !== hash) {
      faults.push(faultOf('reviews', index, 'hash', `is not that of event ${frozen.seq}`));
    }
  }
  const known = new Set(reviews.map(({ id }) => id));
  for (const [index, { type, data }] of events.entries()) {
    if (type !== 'kpi_review.frozen' || known.has(String(data['reviewId']))) continue;
    faults.push(faultOf('events', index, 'data.reviewId', 'no review of this id is there'));
  }
  return faults;
}

function judgedFaults(file: RowFile, rows: PackRows['reviews']): Fault[] {
  return rows.flatMap(({ hash, body: { targets, readings, verdicts } }, index) =>
    hashOf({ targets, readings, verdicts }) === hash
      ? []
      : [faultOf(file, index, 'body', 'its hash is not the one that stands there')],
  );
}

/** What was written with a decision is there. */
function commentFaults({ events, comments }: PackRows): Fault[] {
  const known = new Set(comments.map(({ id }) => id));
  return events.flatMap(({ data: { commentId } }, index) =>
    typeof commentId !== 'string' || known.has(commentId)
      ? []
      : [faultOf('events', index, 'data.commentId', `the comment ${commentId} is not there`)],
  );
}
