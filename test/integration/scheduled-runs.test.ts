import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ScheduleOverlapPolicy } from '@temporalio/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ensureSchedule, type ScheduledRun, scheduleId } from '../../src/engine/schedules.ts';
import { CheckpointFile, readSigningKey, type SigningKey } from '../../src/evidence/checkpoint.ts';
import { makeCommand, makeItem } from '../support/db-fixture.ts';
import { eventually } from '../support/eventually.ts';
import { type ItemEngine, openItemEngine } from '../support/item-engine.ts';

const OLD = "now() - interval '400 days'";

let engine: ItemEngine;
let directory: string;
let key: SigningKey;

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'baton scheduled '));
  const { privateKey } = generateKeyPairSync('ed25519');
  key = readSigningKey(privateKey.export({ type: 'pkcs8', format: 'pem' }).toString());
  engine = await openItemEngine({ checkpoints: { key, directory } });
  for (const id of ['tidy', 'checkpointHeads', 'settling'] as const) {
    const { temporal, taskQueue } = engine.deps;
    const run: ScheduledRun = { id, everyMs: 24 * 3_600_000, withinMs: 120_000 };
    await ensureSchedule(temporal, { taskQueue, run, mayChange: false });
    await trigger(id);
  }
});
afterAll(async () => {
  await engine?.close();
  rmSync(directory, { recursive: true, force: true });
});

function schedule(id: ScheduledRun['id']) {
  const { temporal, taskQueue } = engine.deps;
  return temporal.schedule.getHandle(scheduleId(taskQueue, id));
}

const SKIP = ScheduleOverlapPolicy.SKIP;
/** The engine takes two of the same second for one. */
const AGAIN_MS = 2_000;

/** Has the schedule start a run, as it does by itself. */
async function startRun(id: ScheduledRun['id']) {
  const before = (await schedule(id).describe()).info.numActionsTaken;
  let asked = 0;
  const action = await eventually(
    async () => {
      const { info } = await schedule(id).describe();
      if (info.numActionsTaken > before) return info.recentActions.at(-1)?.action ?? null;
      if (Date.now() - asked > AGAIN_MS) {
        asked = Date.now();
        await schedule(id).trigger(SKIP);
      }
      return null;
    },
    { what: `a run of ${id}` },
  );
  const { workflowId, firstExecutionRunId } = action.workflow;
  return engine.deps.temporal.workflow.getHandle(workflowId, firstExecutionRunId);
}

/** @returns what the run answered. */
async function trigger(id: ScheduledRun['id']) {
  return (await startRun(id)).result();
}

async function sql(text: string, values: unknown[] = []) {
  const { rows } = await engine.deps.db.$client.query(text, values);
  return rows;
}

async function oldCommand({ isClosed }: { isClosed: boolean }): Promise<string> {
  const { deps, workspace } = engine;
  const { id: itemId } = await makeItem(deps.db, workspace);
  const { id } = await makeCommand(deps.db, workspace, itemId);
  await sql(
    `update commands set state = 'applied', answer = '{}', applied_seq = 1, settled_at = ${OLD}
     where id = $1`,
    [id],
  );
  if (isClosed) await sql(`update items set closed_at = ${OLD} where id = $1`, [itemId]);
  return id;
}

const isThere = async (id: string) =>
  (await sql('select from commands where id = $1', [id])).length > 0;

const checkpoints = () =>
  sql('select seq from checkpoints where workspace_id = $1 order by seq', [
    engine.workspace.workspaceId,
  ]);

const fileOf = (seq: number) =>
  join(directory, engine.workspace.workspaceId, `${String(seq).padStart(8, '0')}.json`);

describe('the schedule `tidy`', () => {
  it('has a worker remove what is over, and nothing of an open item', async () => {
    const over = await oldCommand({ isClosed: true });
    const open = await oldCommand({ isClosed: false });
    expect(await trigger('tidy')).toMatchObject({ commands: 1 });
    expect(await isThere(over)).toBe(false);
    expect(await isThere(open)).toBe(true);
  });

  it('is done by the next worker when none was there, and once however often it was due', async () => {
    const over = await oldCommand({ isClosed: true });
    await engine.stopWorker();
    const run = await startRun('tidy');
    const { numActionsTaken } = (await schedule('tidy').describe()).info;
    await schedule('tidy').trigger(SKIP);
    await eventually(
      async () => (await schedule('tidy').describe()).info.numActionsSkippedOverlap > 0,
      { what: 'a run that is not started beside another one' },
    );
    expect(await isThere(over)).toBe(true);
    await engine.startWorker();
    expect(await run.result()).toMatchObject({ commands: 1 });
    expect(await isThere(over)).toBe(false);
    expect((await schedule('tidy').describe()).info).toMatchObject({ numActionsTaken });
  });
});

describe('the schedule `checkpointHeads`', () => {
  it('has a worker sign the heads that changed, as row and file, and none where nothing did', async () => {
    const itemId = await engine.start();
    expect(await trigger('checkpointHeads')).toEqual({ recorded: 1, failed: 0 });
    const first = await checkpoints();
    const { seq } = first.at(-1);
    const file = fileOf(Number(seq));
    const written = CheckpointFile.parse(JSON.parse(readFileSync(file, 'utf8')));
    expect(written).toMatchObject({ seq: Number(seq), keyId: key.id });
    expect(written.heads).toContain(itemId);

    expect(await trigger('checkpointHeads')).toEqual({ recorded: 0, failed: 0 });
    expect(await checkpoints()).toEqual(first);

    const later = await engine.start();
    expect(await trigger('checkpointHeads')).toEqual({ recorded: 1, failed: 0 });
    expect(await checkpoints()).toHaveLength(first.length + 1);
    expect(readFileSync(fileOf(Number(seq) + 1), 'utf8')).toContain(later);
  });
});

describe('the schedule `settling`', () => {
  it('has a worker ask for numbers that have settled, and leave those whose post is gone', async () => {
    const { deps, workspace } = engine;
    const { id: itemId } = await makeItem(deps.db, workspace);
    await sql(
      `insert into checkpoint_replies (workspace_id, item_id, publication_id, checkpoint, source,
         state, attempts, asked_at, settle_at)
       values ($1, $2, 'pub_gone', '+24h', 'ga4', 'answered', 1, now(), now())`,
      [workspace.workspaceId, itemId],
    );
    expect(await trigger('settling')).toEqual({ settled: 0, postponed: 1 });
    expect(await trigger('settling')).toEqual({ settled: 0, postponed: 0 });
  });
});
