import type { Client } from '@temporalio/client';
import { Zip, type ZipInputFile } from 'fflate';
import { readArchivedHistory } from '../db/audit/archived-histories.ts';
import { listArchivedRuns } from '../db/audit/evidence.ts';
import type { Db } from '../db/client.ts';
import type { ItemKey } from '../db/item/items.ts';
import { inWorkspace } from '../db/workspace-scope.ts';
import { canonicalJson } from '../domain/canonical.ts';
import { itemWorkflowId } from '../domain/ids.ts';
import { ASK_MS, callWithin, isNotFound, whyNot } from '../engine/ask.ts';
import { PayloadUnreadable } from '../engine/payload-codec.ts';
import { runInThread } from '../threads/threads.ts';
import { collectEvidence, type Evidence } from './collect.ts';
import { archivedLines, engineLines, type HistoryText } from './history-lines.ts';
import { PACK_FILE, type PackedFile } from './pack-file.ts';
import {
  DIGESTS,
  historyPath,
  ITEM,
  MANIFEST,
  MAX_FILES,
  MAX_HISTORIES_BYTES,
  MAX_HISTORY_BYTES,
  type Manifest,
  PACK_FORMAT,
  PACK_VERSION,
  PLAYBOOK,
  pathOf,
  README,
  ROW_FILES,
  type RunRow,
} from './pack-format.ts';
import { packReadme } from './pack-readme.ts';

/** A zip stores local time; this is the same bytes in every zone. */
const FIXED_TIME = new Date(1980, 0, 1);
const MAX_RUNS = MAX_FILES - ROW_FILES.length - 8;

/** An item's evidence, ready to be written out. */
export interface AuditPack {
  itemId: string;
  /** The zip, file by file; it ends early with an error where a part cannot be read. */
  chunks: AsyncGenerator<Uint8Array>;
}

export interface AuditPacks {
  /** @returns null when the workspace has no such item. @throws TooMuchEvidence. */
  open(key: ItemKey): Promise<AuditPack | null>;
}

export function createAuditPacks(deps: { db: Db; temporal: Client }): AuditPacks {
  return {
    async open(key) {
      const evidence = await collectEvidence(deps.db, key);
      return evidence && { itemId: key.itemId, chunks: zipOf(deps, key, evidence) };
    },
  };
}

type Deps = Parameters<typeof createAuditPacks>[0];

interface PackPart {
  path: string;
  text: string;
  hasRows: boolean;
}

async function* zipOf(deps: Deps, key: ItemKey, evidence: Evidence): AsyncGenerator<Uint8Array> {
  const ready: Uint8Array[] = [];
  const zip = new Zip((error, chunk) => {
    if (error !== null) throw error;
    ready.push(chunk);
  });
  const files: Manifest['files'] = [];
  let digests = '';
  for await (const part of partsOf(deps, key, evidence)) {
    const packed = await runInThread(PACK_FILE, part, key);
    files.push(listed(part.path, packed));
    digests += packed.digests;
    addTo(zip, part.path, packed);
    yield* ready.splice(0);
  }
  const packedDigests = await runInThread(
    PACK_FILE,
    { path: DIGESTS, text: digests, hasRows: false },
    key,
  );
  files.push(listed(DIGESTS, packedDigests));
  addTo(zip, DIGESTS, packedDigests);
  const text = `${canonicalJson(manifestOf(key, evidence, files))}\n`;
  addTo(zip, MANIFEST, await runInThread(PACK_FILE, { path: MANIFEST, text, hasRows: false }, key));
  zip.end();
  yield* ready.splice(0);
}

function listed(path: string, { sha256, bytes, rows }: PackedFile): Manifest['files'][number] {
  return { path, sha256, bytes, rows };
}

function addTo(zip: Zip, filename: string, { deflated, crc, bytes }: PackedFile): void {
  const file: ZipInputFile = { filename, crc, size: bytes, compression: 8, mtime: FIXED_TIME };
  zip.add(file);
  file.ondata?.(null, new Uint8Array(deflated), true);
}

function manifestOf(
  { workspaceId, itemId }: ItemKey,
  { head, actsHead, snapshot }: Evidence,
  files: Manifest['files'],
): Manifest {
  const { name, version } = snapshot.context.playbook;
  return {
    format: PACK_FORMAT,
    packVersion: PACK_VERSION,
    workspaceId,
    itemId,
    head,
    actsHead,
    machineVersion: snapshot.machineVersion,
    playbook: { name, version },
    files,
  };
}

async function* partsOf(deps: Deps, key: ItemKey, evidence: Evidence): AsyncGenerator<PackPart> {
  yield { path: README, text: packReadme(), hasRows: false };
  yield { path: ITEM, text: `${canonicalJson(evidence.item)}\n`, hasRows: true };
  yield { path: PLAYBOOK, text: `${canonicalJson(evidence.playbook)}\n`, hasRows: true };
  for (const file of ROW_FILES) {
    if (file !== 'runs') yield { path: pathOf(file), text: evidence.rows[file], hasRows: true };
  }
  const runs: RunRow[] = [];
  let room = MAX_HISTORIES_BYTES;
  for await (const { text, ...run } of runsOf(deps, key, evidence)) {
    const bytes = Buffer.byteLength(text ?? '');
    if (text === null) runs.push({ ...run, path: null });
    else if (bytes > Math.min(room, MAX_HISTORY_BYTES)) {
      runs.push({ ...run, state: 'missing', why: `it has ${bytes} bytes`, path: null });
    } else {
      const path = historyPath(runs.length + 1);
      room -= bytes;
      yield { path, text, hasRows: true };
      runs.push({ ...run, path });
    }
  }
  const text = runs.map((run) => `${canonicalJson(run)}\n`).join('');
  yield { path: pathOf('runs'), text, hasRows: true };
}

type FoundRun = Omit<RunRow, 'path'> & { text: string | null };

/** The history of every run: archived ones, then what only the engine has, then what nobody has. */
async function* runsOf(
  { db, temporal }: Deps,
  key: ItemKey,
  { isClosed, replacedRuns }: Evidence,
): AsyncGenerator<FoundRun> {
  const { workspaceId } = key;
  const archived = await inWorkspace(key, () => listArchivedRuns(db, key));
  const known = new Set(archived.map(({ runId }) => runId));
  const wanted = replacedRuns.filter((runId) => !known.has(runId));
  for (const { runId, sha256, archivedAt } of archived.slice(0, MAX_RUNS)) {
    const kept = await inWorkspace(key, () => readArchivedHistory(db, { ...key, runId }));
    const found = await attempt(() => archivedLines(temporal, kept ?? '', { workspaceId }));
    const run = { runId, archivedSha256: sha256, archivedAt };
    if ('why' in found) yield { ...run, state: 'missing', why: found.why, text: null };
    else {
      if (found.continuedRunId !== null) wanted.push(found.continuedRunId);
      yield { ...run, state: 'archived', why: null, text: found.lines };
    }
  }
  const unarchived = { archivedSha256: null, archivedAt: null };
  const latest = await latestRun(temporal, key);
  if ('runId' in latest) wanted.push(latest.runId);
  else if (!isClosed || archived.length === 0) {
    yield { ...unarchived, runId: null, state: 'missing', why: latest.why, text: null };
  }
  for (const runId of wanted) {
    if (known.has(runId) || known.size >= MAX_RUNS) continue;
    known.add(runId);
    const execution = { workflowId: itemWorkflowId(key.itemId), runId };
    const found = await attempt(() => engineLines(temporal, execution));
    if ('why' in found) {
      yield { ...unarchived, runId, state: 'missing', why: found.why, text: null };
    } else {
      if (found.continuedRunId !== null) wanted.push(found.continuedRunId);
      yield { ...unarchived, runId, state: 'in_engine', why: null, text: found.lines };
    }
  }
}

async function latestRun(
  temporal: Client,
  { itemId }: ItemKey,
): Promise<{ runId: string } | { why: string }> {
  const handle = temporal.workflow.getHandle(itemWorkflowId(itemId));
  const found = await attempt(() => callWithin(temporal, ASK_MS, () => handle.describe()));
  return 'why' in found ? found : { runId: found.runId };
}

async function attempt<T extends HistoryText | { runId: string }>(
  work: () => Promise<T>,
): Promise<T | { why: string }> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof PayloadUnreadable) return { why: error.message };
    if (isNotFound(error) || (error instanceof Error && error.name === 'WorkflowNotFoundError')) {
      return { why: 'the engine no longer has it' };
    }
    return { why: whyNot(error) };
  }
}
