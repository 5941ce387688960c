import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createAudit } from '../../src/audit/audit.ts';
import { createWatch } from '../../src/audit/watch/watch.ts';
import { listFindings } from '../../src/db/audit/stored-findings.ts';
import { readLastLook } from '../../src/db/audit/watches.ts';
import { itemWorkflowId } from '../../src/domain/ids.ts';
import {
  ensureSchedule,
  keepSchedules,
  readScheduleState,
  SCHEDULED_RUNS,
  type ScheduledRun,
  scheduleId,
} from '../../src/engine/schedules.ts';
import { eventually } from '../support/eventually.ts';
import { type ItemEngine, openItemEngine } from '../support/item-engine.ts';

let engine: ItemEngine;
const WATCH: ScheduledRun = { id: 'watch', everyMs: 1_000, withinMs: 60_000 };

beforeAll(async () => {
  engine = await openItemEngine();
});

afterAll(async () => {
  await engine.close();
});

const stateOf = () =>
  readScheduleState(engine.deps.temporal, {
    taskQueue: engine.deps.taskQueue,
    id: 'watch',
    until: Date.now() + 10_000,
  });

async function history(open?: boolean) {
  const { workspaceId } = engine.workspace;
  const { items } = await listFindings(engine.deps.db, { workspaceId, open });
  return items;
}

describe('the schedule of a deployment', () => {
  it('is made once, changed where it differs, and left alone where it does not', async () => {
    const { temporal, taskQueue } = engine.deps;
    const ensure = (run: ScheduledRun, mayChange = true) =>
      ensureSchedule(temporal, { taskQueue, run, mayChange });
    const made = await Promise.all([ensure(WATCH), ensure(WATCH), ensure(WATCH)]);
    expect(made.toSorted()).toEqual(['created', 'unchanged', 'unchanged']);
    expect(await ensure({ ...WATCH, everyMs: 2_000 }, false)).toBe('unchanged');
    const handle = temporal.schedule.getHandle(scheduleId(taskQueue, 'watch'));
    await handle.pause('somebody looks');
    expect(await ensure({ ...WATCH, everyMs: 2_000 })).toBe('changed');
    expect(await ensure({ ...WATCH, everyMs: 2_000 })).toBe('unchanged');
    expect(await stateOf()).toBe('paused');
    const { spec, policies } = await handle.describe();
    expect(spec.intervals).toMatchObject([{ every: 2_000 }]);
    expect(policies).toMatchObject({ overlap: 'SKIP', catchupWindow: 10_000 });
    await handle.delete();
    expect(await stateOf()).toBe('missing');
  });

  it('is made again by a worker that lives', async () => {
    const { temporal, taskQueue, log } = engine.deps;
    const stopping = new AbortController();
    const kept = keepSchedules(temporal, { taskQueue, log, signal: stopping.signal });
    await eventually(async () => ((await stateOf()) === 'running' ? true : null), {
      what: 'the schedule',
    });
    stopping.abort();
    await kept;
    expect(SCHEDULED_RUNS.map(({ id }) => id)).toContain('watch');
    await temporal.schedule.getHandle(scheduleId(taskQueue, 'watch')).delete();
  });
});

describe('the watch', () => {
  it('run by its schedule opens what is stuck, and closes it once two looks do not see it', async () => {
    const { temporal, taskQueue, db } = engine.deps;
    const itemId = await engine.start();
    await temporal.workflow.getHandle(itemWorkflowId(itemId)).terminate('behind our back');
    await ensureSchedule(temporal, { taskQueue, run: WATCH, mayChange: false });
    const [opened] = await eventually(
      async () => {
        const found = await history(true);
        return found.length > 0 ? found : null;
      },
      { what: 'an open finding' },
    );
    expect(opened).toMatchObject({ code: 'row_without_run', itemId, severity: 'critical' });
    expect(opened?.waitingOn).toMatchObject([{ role: 'strategist' }]);
    const { workspaceId } = engine.workspace;
    const audit = createAudit(engine.deps);
    const now = new Date().toISOString();
    const { items } = await audit.stuck({ workspaceId, now });
    expect(items.map(({ id }) => id)).toEqual([opened?.id]);
    expect(Date.parse((await readLastLook(db)) ?? '')).toBeLessThanOrEqual(Date.now());
    const caller = { ...engine.callerFor('strategist'), roles: ['admin' as const] };
    await audit.repair({
      caller,
      findingId: opened?.id ?? '',
      repair: 'replace_run',
      reason: 'it was ended behind our back',
      now,
    });
    const [closed] = await eventually(
      async () => {
        const gone = await history(false);
        return gone.length > 0 ? gone : null;
      },
      { what: 'a closed finding' },
    );
    expect(closed).toMatchObject({ id: opened?.id, closedBecause: 'repaired' });
    expect(await history(true)).toEqual([]);
    await temporal.schedule.getHandle(scheduleId(taskQueue, 'watch')).delete();
  });

  it('twice at once opens a thing once', async () => {
    const itemId = await engine.start({ title: randomUUID() });
    const { temporal } = engine.deps;
    await temporal.workflow.getHandle(itemWorkflowId(itemId)).terminate('behind our back');
    const watches = [createWatch(engine.programDeps), createWatch(engine.programDeps)];
    const shards = await watches[0]?.listShards();
    await Promise.all(
      watches.map(async (watch) => {
        for (const shard of shards ?? []) {
          expect(await watch.lookAtShard(shard)).toMatchObject({ failed: 0 });
        }
      }),
    );
    const found = (await history()).filter((one) => one.itemId === itemId);
    expect(found).toHaveLength(1);
  });
});
