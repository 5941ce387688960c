import { join } from 'node:path';
import { defaultPayloadConverter } from '@temporalio/common';
import type { History } from '@temporalio/common/lib/proto-utils.js';
import { eq, sql } from 'drizzle-orm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { items } from '../../src/db/schema/index.ts';
import { itemWorkflowId } from '../../src/domain/ids.ts';
import { verifyChain } from '../../src/domain/item/event.ts';
import { MACHINE_VERSION } from '../../src/domain/item/item.machine.ts';
import type { ItemSnapshot } from '../../src/domain/item/snapshot.ts';
import { MIGRATIONS } from '../../src/domain/item/versions/migrations.ts';
import type { ContentItemInput } from '../../src/workflows/messages.ts';
import { asOfVersion, EARLIER_STEPS, ONE_BEFORE, TWO_BEFORE } from '../machine/earlier-versions.ts';
import type { Json } from '../support/api-fixture.ts';
import { type EngineApi, openEngineApi } from '../support/engine-api.ts';
import { eventually } from '../support/eventually.ts';
import { type ItemEngine, newCommandId, openItemEngine } from '../support/item-engine.ts';

/** Rows and runs of other versions of the machine than the one of this release. */
const CHANGED = join(import.meta.dirname, '..', 'replay', 'changed');
const EARLIER_WORKFLOWS = join(CHANGED, 'earlier.ts');
const NEWER_WORKFLOWS = join(CHANGED, 'newer.ts');

let api: EngineApi;
beforeAll(async () => {
  Object.assign(MIGRATIONS, EARLIER_STEPS);
  api = await openEngineApi({}, { workflowsPath: EARLIER_WORKFLOWS });
}, 240_000);
afterAll(async () => {
  // The next file of this process shares its modules.
  for (const version of [TWO_BEFORE, ONE_BEFORE]) Reflect.deleteProperty(MIGRATIONS, version);
  await api?.close();
});

async function held(): Promise<string> {
  const itemId = await api.engine.start();
  await api.engine.apply('strategist', itemId, 'hold', { reason: 'a crisis' });
  return itemId;
}

/** The row as a release with another machine would have written it. */
async function writeRow(itemId: string, snapshot: object): Promise<void> {
  const text = JSON.stringify(snapshot);
  await api.engine.deps.db.execute(
    sql`update items set snapshot = ${text}::jsonb where id = ${itemId}`,
  );
}

async function storedVersion(itemId: string): Promise<number> {
  const [row] = await api.engine.deps.db
    .select({ version: sql<number>`(${items.snapshot} -> 'machineVersion')::integer` })
    .from(items)
    .where(eq(items.id, itemId));
  return row?.version ?? 0;
}

/** Ends an item's run and starts it again with a state of another version, as a continued run is. */
async function goOnWith(
  itemId: string,
  snapshot: ItemSnapshot,
  { engine }: { engine: ItemEngine } = api,
): Promise<void> {
  const { temporal, taskQueue } = engine.deps;
  const { seq, headHash, workspaceId } = await engine.item(itemId);
  const workflowId = itemWorkflowId(itemId);
  await temporal.workflow.getHandle(workflowId).terminate();
  const input = {
    item: { itemId, workspaceId },
    commandId: 'http:key_test:start',
    actor: 'system',
    continued: { snapshot, head: { seq, hash: headHash }, seen: [], unprojected: [] },
  } as unknown as ContentItemInput;
  await temporal.workflow.start('contentItem', { workflowId, taskQueue, args: [input] });
}

describe('an item whose row an earlier release wrote', () => {
  it.each([TWO_BEFORE, ONE_BEFORE])(
    'is read as this one knows it, and stays (%i)',
    async (version) => {
      const itemId = await held();
      const at = `/v1/items/${itemId}`;
      const shown = await api.ok('editor', 'GET', at);
      const actions = await api.ok('strategist', 'GET', `${at}/actions`);
      await writeRow(itemId, asOfVersion((await api.engine.item(itemId)).snapshot, version));
      const { updatedAt: _, ...again } = await api.ok('editor', 'GET', at);
      expect(again).toEqual(expect.objectContaining({ stage: 'on_hold', team: shown.team }));
      expect(await api.ok('strategist', 'GET', `${at}/actions`)).toEqual(actions);
      expect(await storedVersion(itemId)).toBe(version);
      const resumed = await api.ok('strategist', 'POST', `${at}/resume`, { reason: 'it is over' });
      expect(resumed).toMatchObject({ outcome: 'applied', stage: 'briefing' });
      expect(await storedVersion(itemId)).toBe(MACHINE_VERSION);
    },
  );
});

describe('a run that goes on from an earlier version', () => {
  it.each([TWO_BEFORE, ONE_BEFORE])('takes its state over, once (%i)', async (version) => {
    const itemId = await held();
    const { snapshot } = await api.engine.item(itemId);
    await goOnWith(itemId, asOfVersion(snapshot, version));
    await api.engine.apply('strategist', itemId, 'resume', { reason: 'it is over' });
    const row = await api.engine.item(itemId);
    expect(row).toMatchObject({ stage: 'briefing', snapshot: { machineVersion: MACHINE_VERSION } });
    expect(row.snapshot.context.team).toEqual(snapshot.context.team);
    expect(verifyChain(await api.engine.chain(itemId))).toBeNull();
  });

  it('of a newer version waits for a worker that knows it, and loses no command', async () => {
    const itemId = await held();
    const { snapshot } = await api.engine.item(itemId);
    await goOnWith(itemId, { ...snapshot, machineVersion: MACHINE_VERSION + 1 });
    const outcome = await api.engine.send('strategist', itemId, 'resume', { reason: 'it is over' });
    expect(outcome).toMatchObject({ outcome: 'pending' });
    const handle = api.engine.deps.temporal.workflow.getHandle(itemWorkflowId(itemId));
    await eventually(
      async () => {
        const { events = [] } = await handle.fetchHistory();
        return events?.some((entry) => failureOf(entry).includes('written by machine version'));
      },
      { what: 'the task that fails' },
    );
    expect((await handle.describe()).status.name).toBe('RUNNING');
    expect((await api.engine.item(itemId)).stage).toBe('on_hold');
  });
});

/** Why a workflow task failed, which our converter keeps out of the engine's plain fields. */
function failureOf({
  workflowTaskFailedEventAttributes: failed,
}: NonNullable<History['events']>[number]): string {
  const encoded = failed?.failure?.encodedAttributes;
  return encoded ? JSON.stringify(defaultPayloadConverter.fromPayload(encoded)) : '';
}

describe('an item that a newer release moves', () => {
  const newer = { machineVersion: MACHINE_VERSION + 1, value: { review: 'legal' } };

  async function moved(change: object): Promise<string> {
    const itemId = await held();
    const { snapshot } = await api.engine.item(itemId);
    await writeRow(itemId, { ...snapshot, ...change });
    await api.engine.deps.db.execute(
      sql`update items set stage = 'review', substage = 'legal' where id = ${itemId}`,
    );
    return itemId;
  }

  it('is in lists, inbox, timeline and audit by its columns', async () => {
    const itemId = await moved(newer);
    const { items: listed } = await api.ok('editor', 'GET', '/v1/items?limit=100');
    expect(listed.find(({ id }: Json) => id === itemId)).toMatchObject({
      stage: 'review',
      substage: 'legal',
    });
    const { items: waiting } = await api.ok('strategist', 'GET', '/v1/inbox?limit=100');
    expect(waiting).toEqual(expect.any(Array));
    const told = await api.ok('editor', 'GET', `/v1/items/${itemId}/timeline`);
    expect(told.items.map(({ type }: Json) => type)).toContain('item.held');
    await api.engine.deps.db.execute(
      sql`update items set head_hash = ${'0'.repeat(64)} where id = ${itemId}`,
    );
    const { items: findings } = await api.ok('strategist', 'GET', '/v1/audit/stuck?limit=100');
    const ofIt = findings.filter((finding: Json) => finding.itemId === itemId);
    expect(ofIt.map(({ code }: Json) => code)).not.toEqual([]);
    for (const finding of ofIt) {
      expect(finding).toMatchObject({ repairs: [], unmet: [], waitingOn: [{ for: 'resume' }] });
    }
  });

  it('is told to be away, with its commands, where this one does not know its place', async () => {
    const itemId = await moved(newer);
    for (const [method, path, body] of [
      ['GET', '', undefined],
      ['GET', '/actions', undefined],
      ['POST', '/resume', { reason: 'it is over' }],
    ] as const) {
      const headers = { 'idempotency-key': `${itemId}${path}` };
      const request = body === undefined ? {} : { body, headers };
      const reply = await api.as('strategist', method, `/v1/items/${itemId}${path}`, request);
      expect(reply.json, path).toMatchObject({
        code: 'unavailable',
        detail: expect.stringContaining(`machine version ${MACHINE_VERSION + 1}`),
      });
      expect(reply.headers.get('retry-after')).not.toBeNull();
    }
    const { rows } = await api.engine.deps.db.execute(
      sql`select from commands where item_id = ${itemId} and type = 'resume'`,
    );
    expect(rows).toEqual([]);
  });

  it('is shown and commanded where it does, and the run has the last word', async () => {
    const itemId = await held();
    const { snapshot } = await api.engine.item(itemId);
    await writeRow(itemId, { ...snapshot, machineVersion: MACHINE_VERSION + 1 });
    const at = `/v1/items/${itemId}`;
    expect(await api.ok('editor', 'GET', at)).toMatchObject({ stage: 'on_hold' });
    const resumed = await api.ok('strategist', 'POST', `${at}/resume`, { reason: 'it is over' });
    expect(resumed).toMatchObject({ outcome: 'applied', stage: 'briefing' });
  });
});

describe('a command whose run answers from a place that this release does not know', () => {
  it('stays pending, and the row as it was', async () => {
    const engine = await openItemEngine({ workflowsPath: NEWER_WORKFLOWS });
    try {
      const itemId = await engine.start();
      const { snapshot, seq } = await engine.item(itemId);
      await goOnWith(itemId, snapshot, { engine });
      const commandId = newCommandId();
      const options = { commandId };
      const outcome = await engine.send('strategist', itemId, 'hold', { reason: 'now' }, options);
      expect(outcome).toEqual({ outcome: 'pending', commandId });
      expect(await engine.command(commandId)).toMatchObject({ state: 'pending' });
      expect(await engine.item(itemId)).toMatchObject({ seq, stage: 'briefing' });
    } finally {
      await engine.close();
    }
  });
});
