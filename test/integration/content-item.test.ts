import { historyFromJSON } from '@temporalio/common/lib/proto-utils.js';
import { Worker } from '@temporalio/worker';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildWorkflowBundle } from '../../scripts/build-workflow-bundle.ts';
import { readArchivedHistories } from '../../src/db/audit/archived-histories.ts';
import { itemWorkflowId } from '../../src/domain/ids.ts';
import { verifyChain } from '../../src/domain/item/event.ts';
import { eventually } from '../support/eventually.ts';
import { type ItemEngine, openItemEngine } from '../support/item-engine.ts';
import { signOff, toKpiReview, toOffered } from '../support/item-story.ts';

let engine: ItemEngine;
beforeAll(async () => {
  engine = await openItemEngine();
});
afterAll(() => engine?.close());

describe('an item', () => {
  it('goes from brief to signed-off verdict, with one chain, one post and a history that is archived and replays', async () => {
    const itemId = await engine.start();
    await toKpiReview(engine, itemId);
    expect(engine.posts(itemId)).toHaveLength(1);
    await signOff(engine, itemId);
    const row = await engine.item(itemId);
    expect(row.stage).toBe('closed');
    const chain = await eventually(async () => {
      const events = await engine.chain(itemId);
      return events.length === row.seq ? events : null;
    });
    expect(verifyChain(chain)).toBeNull();
    const { workspaceId } = engine.workspace;
    const archived = await eventually(async () => {
      const histories = await readArchivedHistories(engine.deps.db, { workspaceId, itemId });
      return histories.length > 0 ? histories : null;
    });
    expect(archived).toHaveLength(1);
    const history = historyFromJSON(JSON.parse(archived[0]?.history ?? ''));
    const workflowBundle = { codePath: await buildWorkflowBundle() };
    await Worker.runReplayHistory({ workflowBundle }, history, itemWorkflowId(itemId));
  });

  it('is not ended by a cancellation asked of the engine', async () => {
    const itemId = await engine.start();
    await engine.deps.temporal.workflow.getHandle(itemWorkflowId(itemId)).cancel();
    await toOffered(engine, itemId);
    expect((await engine.item(itemId)).substage).toBe('offered');
  });
});
