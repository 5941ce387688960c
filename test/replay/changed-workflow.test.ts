import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bundleForReplay, type ReplayBundle } from '../../scripts/replay/replay.ts';
import { itemWorkflowId } from '../../src/domain/ids.ts';
import { type ItemEngine, openItemEngine } from '../support/item-engine.ts';
import { replayOfHistory, replaysOf } from '../support/recorded-histories.ts';

/**
 * How a workflow is changed while runs of it are alive: an example to follow.
 *
 * 1. Put what is new behind `patched('its-name')`: a run that has passed the place without the patch
 *    goes on as before, one that comes there later takes the new way.
 * 2. Run `npm run histories:record` with the next number (`HISTORIES_VERSION=v3`), and keep the
 *    histories that are there: they stand for the runs that are alive.
 * 3. `histories.test.ts` replays them all. Without the patch it is red, as it is here.
 *
 * The change of this example: a closed item's run waits a second before it ends.
 */
const PATCHED = join(import.meta.dirname, 'changed', 'patched.ts');
const UNPATCHED = join(import.meta.dirname, 'changed', 'unpatched.ts');

describe('a step that a workflow gets later', () => {
  let patched: ReplayBundle;
  let unpatched: ReplayBundle;
  beforeAll(async () => {
    patched = await bundleForReplay({ workflowsPath: PATCHED });
    unpatched = await bundleForReplay({ workflowsPath: UNPATCHED });
  }, 120_000);

  it('lets every recorded history replay behind a patch', async () => {
    const differing = [...(await replaysOf(patched))].filter(([, found]) => found !== null);
    expect(differing).toEqual([]);
  });

  it('breaks those of closed items without a patch', async () => {
    const files = ['v1-closed.json.gz', 'v1-cancelled.json.gz'];
    for (const [file, found] of await replaysOf(unpatched, files)) {
      expect(found, file).toMatch(/nondeterminis/i);
    }
  });

  describe('is taken by a run that comes there after the change', () => {
    let engine: ItemEngine;
    beforeAll(async () => {
      engine = await openItemEngine({ workflowsPath: PATCHED });
    }, 120_000);
    afterAll(() => engine?.close());

    it('and its history replays with the patch only', async () => {
      const itemId = await engine.start();
      await engine.apply('strategist', itemId, 'cancel', { reason: 'out of date' });
      const handle = engine.deps.temporal.workflow.getHandle(itemWorkflowId(itemId));
      await handle.result();
      const history = await handle.fetchHistory();
      expect(await replayOfHistory(patched, history)).toBeNull();
      expect(await replayOfHistory(unpatched, history)).toMatch(/nondeterminis/i);
    });
  });
});
