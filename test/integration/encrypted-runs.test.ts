import { Client } from '@temporalio/client';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import { Worker } from '@temporalio/worker';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildWorkflowBundle } from '../../scripts/build-workflow-bundle.ts';
import { readHead, readKeptRecord } from '../../src/audit/run-history.ts';
import { readArchivedHistories } from '../../src/db/audit/archived-histories.ts';
import { itemWorkflowId } from '../../src/domain/ids.ts';
import { createDataConverter } from '../../src/engine/data-converter.ts';
import { makeBrief } from '../support/content.ts';
import { eventually } from '../support/eventually.ts';
import { type ItemEngine, newSecretKey, openItemEngine } from '../support/item-engine.ts';

const CANARY = 'canary-7f3a';
const payloadKey = newSecretKey();

let engine: ItemEngine;
beforeAll(async () => {
  engine = await openItemEngine({ payloadKey });
});
afterAll(() => engine?.close());

/** The history as the engine has it: its texts, and every payload's bytes as text. */
async function storedHistory(itemId: string): Promise<string> {
  const history = await engine.deps.temporal.workflow
    .getHandle(itemWorkflowId(itemId))
    .fetchHistory();
  return readable(historyToJSON(history));
}

/** JSON with the base64 of its payloads opened beside it. */
function readable(json: string): string {
  const bytes = [...json.matchAll(/"data":\s*"([A-Za-z0-9+/=]+)"/g)].map(([, data = '']) =>
    Buffer.from(data, 'base64').toString('utf8'),
  );
  return [json, ...bytes].join('\n');
}

async function cancelledItem(): Promise<string> {
  const itemId = await engine.start({ brief: makeBrief() });
  const reason = `${CANARY} said a person`;
  await engine.apply('strategist', itemId, 'hold', { reason });
  await engine.apply('strategist', itemId, 'resume', { reason });
  await engine.verdict('creator', itemId, 'cancel', { reason });
  await engine.apply('strategist', itemId, 'cancel', { reason });
  return itemId;
}

describe('with a payload key', () => {
  it('the engine holds nothing that a person wrote, and the audit reads it', async () => {
    const itemId = await cancelledItem();
    expect(JSON.stringify(await engine.chain(itemId))).toContain(CANARY);
    const stored = await storedHistory(itemId);
    expect(stored.includes(Buffer.from(payloadKey.id).toString('base64'))).toBe(true);
    expect(stored.includes(CANARY)).toBe(false);
    const workflowId = itemWorkflowId(itemId);
    const head = await readHead(engine.deps.temporal, { workflowId }, Date.now() + 10_000);
    expect(head).toMatchObject({ seq: (await engine.item(itemId)).seq });
  });

  it('an archived history stays encrypted, and is read with the key', async () => {
    const itemId = await cancelledItem();
    const { workspaceId } = engine.workspace;
    const kept = await eventually(async () => {
      const found = await readArchivedHistories(engine.deps.db, { workspaceId, itemId });
      return found.length > 0 ? found.map(({ history }) => history) : null;
    });
    expect(readable(kept.join('\n')).includes(CANARY)).toBe(false);
    const record = await readKeptRecord(engine.deps.temporal, kept);
    expect(JSON.stringify(record?.events)).toContain(CANARY);
  });

  it('without the key nobody reads a history', async () => {
    const itemId = await cancelledItem();
    const { connection, options } = engine.deps.temporal;
    const other = newSecretKey();
    const stranger = new Client({
      connection,
      namespace: options.namespace,
      dataConverter: createDataConverter({ current: other, all: [other] }),
    });
    const workflowId = itemWorkflowId(itemId);
    const unknown = `unknown key ${payloadKey.id}`;
    await expect(readHead(stranger, { workflowId }, Date.now() + 10_000)).rejects.toThrow(unknown);
    await expect(stranger.workflow.getHandle(workflowId).result()).rejects.toThrow(unknown);
  });

  it('a run replays with its key', async () => {
    const itemId = await cancelledItem();
    const history = await engine.deps.temporal.workflow
      .getHandle(itemWorkflowId(itemId))
      .fetchHistory();
    const codePath = await buildWorkflowBundle();
    const dataConverter = createDataConverter({ current: payloadKey, all: [payloadKey] });
    const options = { workflowBundle: { codePath }, dataConverter };
    await Worker.runReplayHistory(options, history, itemWorkflowId(itemId));
  });
});
