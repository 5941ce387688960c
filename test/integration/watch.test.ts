import { Client, Connection } from '@temporalio/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createAuditMemory } from '../../src/audit/audit-memory.ts';
import type { EngineDeps } from '../../src/audit/engine-answer.ts';
import { type FindingFilters, stuckFindings } from '../../src/audit/stuck-findings.ts';
import { createWatch, lookAtWorkspace } from '../../src/audit/watch/watch.ts';
import type { Finding } from '../../src/domain/audit/finding.ts';
import type { FindingCode } from '../../src/domain/audit/finding-catalogue.ts';
import { itemWorkflowId } from '../../src/domain/ids.ts';
import { readBacklog } from '../../src/engine/backlogs.ts';
import { CLIENT_INTERCEPTORS } from '../../src/engine/interceptors.ts';
import {
  ensureSchedule,
  keepSchedules,
  readScheduleState,
  type ScheduledRun,
  scheduleId,
} from '../../src/engine/schedules.ts';
import { type EngineApi, openEngineApi } from '../support/engine-api.ts';
import { eventually } from '../support/eventually.ts';
import type { ItemEngine } from '../support/item-engine.ts';
import { insertSubscription } from '../support/subscription-rows.ts';

let api: EngineApi;
let engine: ItemEngine;
let deps: EngineDeps;
/** Open items up to which a workspace is looked at while somebody waits. */
const LIVE = 1_000;
const STORED = -1;
const WATCH: ScheduledRun = { id: 'watch', everyMs: 1_000, withinMs: 60_000 };

beforeAll(async () => {
  api = await openEngineApi();
  ({ engine } = api);
  deps = { ...engine.deps, memory: createAuditMemory() };
});

afterAll(async () => {
  await api.close();
});

const schedule = () =>
  engine.deps.temporal.schedule.getHandle(scheduleId(engine.deps.taskQueue, 'watch'));
const stateOf = () => {
  const { temporal, taskQueue } = engine.deps;
  return readScheduleState(temporal, { taskQueue, id: 'watch', until: Date.now() + 10_000 });
};

const look = (change: Partial<EngineDeps> = {}) =>
  lookAtWorkspace({ ...deps, ...change }, engine.workspace.workspaceId);

async function history(query: string) {
  return (await api.ok('strategist', 'GET', `/v1/audit/findings?${query}`)).items;
}

async function stuck(code: FindingCode) {
  return (await api.ok('strategist', 'GET', `/v1/audit/stuck?code=${code}`)).items;
}

async function sql(text: string, values: unknown[] = []) {
  const { rows } = await engine.deps.db.$client.query(text, values);
  return rows;
}

async function events(type: string) {
  const { workspaceId } = engine.workspace;
  return sql(
    'select item_id, payload from outbox where workspace_id = $1 and type = $2 order by position',
    [workspaceId, type],
  );
}

async function lostItem(): Promise<string> {
  const itemId = await engine.start();
  const { temporal } = engine.deps;
  await temporal.workflow.getHandle(itemWorkflowId(itemId)).terminate('behind our back');
  return itemId;
}

describe('the schedule of a deployment', () => {
  it('is made once, changed where it differs, and left alone where it does not', async () => {
    const { temporal, taskQueue } = engine.deps;
    const ensure = (run: ScheduledRun, mayChange = true) =>
      ensureSchedule(temporal, { taskQueue, run, mayChange });
    const rare = { ...WATCH, everyMs: 3_600_000 };
    const made = await Promise.all([ensure(rare), ensure(rare), ensure(rare)]);
    expect(made.toSorted()).toEqual(['created', 'unchanged', 'unchanged']);
    const rarer = { ...rare, everyMs: 7_200_000 };
    expect(await ensure(rarer, false)).toBe('unchanged');
    await schedule().pause('somebody looks');
    expect(await ensure(rarer)).toBe('changed');
    expect(await ensure(rarer)).toBe('unchanged');
    expect(await stateOf()).toBe('paused');
    const { spec, policies } = await schedule().describe();
    expect(spec.intervals).toMatchObject([{ every: 7_200_000 }]);
    expect(policies).toMatchObject({ overlap: 'SKIP', catchupWindow: 10_000 });
    await schedule().delete();
    expect(await stateOf()).toBe('missing');
  });

  it('starts the tidying, which ends by itself', async () => {
    const { temporal, taskQueue } = engine.deps;
    const run: ScheduledRun = { id: 'tidy', everyMs: 3_600_000, withinMs: 600_000 };
    await ensureSchedule(temporal, { taskQueue, run, mayChange: false });
    const handle = temporal.schedule.getHandle(scheduleId(taskQueue, 'tidy'));
    const started = await eventually(
      async () => (await handle.describe()).info.recentActions.at(0) ?? null,
      { what: 'a tidying' },
    );
    const { workflowId, firstExecutionRunId } = started.action.workflow;
    const tidied = await temporal.workflow.getHandle(workflowId, firstExecutionRunId).result();
    expect(tidied).toEqual({});
    await handle.delete();
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
    await schedule().delete();
  });
});

describe('the watch', () => {
  it('run by its schedule opens what is stuck, tells of it, and closes it after its repair', async () => {
    const { temporal, taskQueue } = engine.deps;
    const itemId = await lostItem();
    await ensureSchedule(temporal, { taskQueue, run: WATCH, mayChange: false });
    const [opened] = await eventually(
      async () => {
        const found = await history('open=true');
        return found.length > 0 ? found : null;
      },
      { what: 'an open finding' },
    );
    expect(opened).toMatchObject({ code: 'row_without_run', itemId, severity: 'critical' });
    expect(opened).toMatchObject({ waitingOn: [{ role: 'strategist' }], closedAt: null });
    const { items } = await api.ok('strategist', 'GET', '/v1/audit/stuck');
    expect(items.map(({ id }: { id: string }) => id)).toEqual([opened.id]);
    await api.ok('strategist', 'POST', `/v1/audit/findings/${opened.id}/repairs`, {
      repair: 'replace_run',
      reason: 'it was ended behind our back',
    });
    const [closed] = await eventually(
      async () => {
        const gone = await history('open=false');
        return gone.length > 0 ? gone : null;
      },
      { what: 'a closed finding' },
    );
    expect(closed).toMatchObject({ id: opened.id, closedBecause: 'repaired' });
    expect(await history('open=true')).toEqual([]);
    await schedule().delete();
    const said = await Promise.all(['audit.finding_opened', 'audit.finding_closed'].map(events));
    expect(said).toMatchObject([
      [{ item_id: itemId, payload: { data: { findingId: opened.id, severity: 'critical' } } }],
      [{ item_id: itemId, payload: { data: { findingId: opened.id, closedBecause: 'repaired' } } }],
    ]);
  });

  it('twice at once opens a thing once, and says it once', async () => {
    const itemId = await lostItem();
    const watches = [createWatch(engine.programDeps), createWatch(engine.programDeps)];
    const shards = (await watches[0]?.listShards()) ?? [];
    const workspaces = shards.reduce((sum, { size }) => sum + size, 0);
    expect(workspaces).toBe((await sql('select from workspaces')).length);
    await Promise.all(
      watches.flatMap((watch) =>
        shards.map(async (shard) => {
          expect(await watch.lookAtShard(shard)).toEqual({ workspaces: shard.size, failed: 0 });
        }),
      ),
    );
    expect(await history(`itemId=${itemId}`)).toHaveLength(1);
    const said = await events('audit.finding_opened');
    expect(said.filter(({ item_id }) => item_id === itemId)).toHaveLength(1);
  });

  it('closes nothing that the engine could not be asked about', async () => {
    const itemId = await lostItem();
    await look();
    const connection = Connection.lazy({
      address: '127.0.0.1:1',
      interceptors: CLIENT_INTERCEPTORS,
    });
    const temporal = new Client({ connection, namespace: 'none' });
    for (let looks = 0; looks < 2; looks += 1) {
      await look({ temporal, memory: createAuditMemory() });
    }
    const [finding] = await history(`itemId=${itemId}`);
    expect(finding).toMatchObject({ code: 'row_without_run', closedAt: null });
    await connection.close();
  });

  it('tells of a run without a row, which belongs to no item', async () => {
    const itemId = await engine.start();
    await sql('set session_replication_role = replica');
    for (const table of ['item_events', 'outbox', 'commands', 'briefs']) {
      await sql(`delete from ${table} where item_id = $1`, [itemId]);
    }
    await sql('delete from items where id = $1', [itemId]);
    await sql('set session_replication_role = origin');
    const finding = await eventually(
      async () => {
        await look();
        return (await history(`itemId=${itemId}`))[0] ?? null;
      },
      { what: 'the run without a row' },
    );
    expect(finding).toMatchObject({ code: 'run_without_row' });
    const said = await events('audit.finding_opened');
    expect(said.at(-1)).toMatchObject({ item_id: null, payload: { data: { itemId } } });
  });
});

describe('the stored answer', () => {
  it('is the one on demand: in its order, page by page, by role and by code', async () => {
    const { workspaceId } = engine.workspace;
    await lostItem();
    await look();
    const ask = async (liveUpTo: number, filters: FindingFilters, limit: number) => {
      const found: Finding[] = [];
      let cursor: string | undefined;
      do {
        const now = new Date().toISOString();
        const question = { workspaceId, now, limit, filters, cursor };
        const page = await stuckFindings({ ...deps, liveUpTo }, question);
        expect(page.couldNotAsk).toEqual([]);
        found.push(...page.items);
        cursor = page.nextCursor ?? undefined;
      } while (cursor !== undefined);
      return found;
    };
    const wanted: FindingFilters[] = [
      {},
      { role: 'strategist' },
      { role: 'legal' },
      { code: 'row_without_run' },
      { severity: 'warning' },
    ];
    for (const filters of wanted) {
      const live = await ask(LIVE, filters, 200);
      expect(await ask(STORED, filters, 200), JSON.stringify(filters)).toEqual(live);
      expect(await ask(STORED, filters, 1), JSON.stringify(filters)).toEqual(live);
    }
    expect((await ask(STORED, {}, 200)).length).toBeGreaterThan(2);
  });

  it('is not given of a look that is old', async () => {
    const { workspaceId } = engine.workspace;
    const itemId = await lostItem();
    const ask = async () => {
      const question = { workspaceId, now: new Date().toISOString() };
      const { items } = await stuckFindings({ ...deps, liveUpTo: STORED }, question);
      return items.some((finding) => finding.itemId === itemId);
    };
    expect(await ask()).toBe(false);
    await sql(
      `update watches set looked_at = now() - interval '4 minutes' where workspace_id = $1`,
      [workspaceId],
    );
    expect(await ask()).toBe(true);
  });
});

describe('that the watch does not run', () => {
  const setBack = () =>
    sql(`update watches set looked_at = looked_at - interval '6 minutes' where workspace_id = $1`, [
      engine.workspace.workspaceId,
    ]);

  it('is found at once when its schedule was deleted or paused', async () => {
    const { temporal, taskQueue } = engine.deps;
    await look();
    const find = (state: string | null) =>
      eventually(
        async () => {
          const [found] = await stuck('audit_not_running');
          return (found?.evidence.schedule ?? null) === state ? { found } : null;
        },
        { what: `audit_not_running with a schedule that is ${state}` },
      );
    const { found } = await find('missing');
    expect(found.message).toContain('the watch does not run');
    await ensureSchedule(temporal, {
      taskQueue,
      run: { ...WATCH, everyMs: 3_600_000 },
      mayChange: false,
    });
    await find(null);
    await schedule().pause('nobody looks');
    await find('paused');
    await schedule().unpause();
    await find(null);
  });

  it('audit_not_running: its schedule was deleted, and is put back from the finding', async () => {
    await look();
    if ((await stateOf()) !== 'missing') await schedule().delete();
    const [found] = await eventually(async () => {
      const all = await stuck('audit_not_running');
      return all[0]?.evidence.schedule === 'missing' ? all : null;
    });
    expect(found.repairs).toEqual(['restart_watch']);
    const repair = (role: 'strategist' | 'editor', dryRun = false) =>
      api.as(role, 'POST', `/v1/audit/findings/${found.id}/repairs`, {
        body: { repair: 'restart_watch', reason: 'it was deleted by mistake', dryRun },
      });
    expect((await repair('editor')).status).toBe(403);
    expect((await repair('strategist', true)).json).toMatchObject({ outcome: 'would' });
    expect(await stateOf()).toBe('missing');
    const done = await repair('strategist');
    expect(done.json, done.text).toMatchObject({ outcome: 'done', stillFound: false });
    expect(await stateOf()).toBe('running');
    expect((await repair('strategist')).status).toBe(409);
    await schedule().pause('an operator looks');
    const paused = await eventually(async () => {
      const all = await stuck('audit_not_running');
      return all[0]?.evidence.schedule === 'paused' ? all : null;
    });
    expect(paused).toHaveLength(1);
    expect((await repair('strategist')).json).toMatchObject({ outcome: 'not_possible' });
    await schedule().delete();
    const { temporal, taskQueue } = engine.deps;
    const rare = { ...WATCH, everyMs: 3_600_000 };
    await ensureSchedule(temporal, { taskQueue, run: rare, mayChange: false });
  });

  it('is found when its last look is old, and its next look tells of the gap', async () => {
    const { workspaceId } = engine.workspace;
    await look();
    // A look that is still under way may come after it.
    const found = await eventually(async () => {
      await setBack();
      const seen = await stuck('audit_not_running');
      return seen.length > 0 ? seen : null;
    });
    expect(found).toMatchObject([{ severity: 'warning', evidence: { schedule: 'running' } }]);
    await look();
    expect(await stuck('audit_not_running')).toEqual([]);
    expect(await history('code=audit_not_running&open=true')).toHaveLength(1);
    await look();
    await look();
    expect(await history('code=audit_not_running&open=true')).toEqual([]);
    await sql('delete from watches where workspace_id = $1', [workspaceId]);
    expect(await stuck('audit_not_running')).toEqual([]);
    await sql(`update workspaces set created_at = now() - interval '6 minutes' where id = $1`, [
      workspaceId,
    ]);
    expect(await stuck('audit_not_running')).toMatchObject([{ evidence: { lastLookAt: null } }]);
  });
});

describe('work that piles up', () => {
  it('is found where deliveries are due and nobody attempts them', async () => {
    const { workspaceId } = engine.workspace;
    await sql('delete from findings where workspace_id = $1', [workspaceId]);
    const id = await insertSubscription(engine.deps.db, { workspaceId, states: ['pending'] });
    await look();
    await look();
    const open = await history('code=backlog_growing&open=true');
    const queues = open.map((one: Finding) => one.evidence['taskQueue']);
    expect(queues).toContain('deliveries');
    await sql('delete from webhook_subscriptions where id = $1', [id]);
  });

  it('is found when two looks in a row see events that nobody takes', async () => {
    const { workspaceId } = engine.workspace;
    for (const table of ['outbox', 'findings', 'watches']) {
      await sql(`delete from ${table} where workspace_id = $1`, [workspaceId]);
    }
    await sql(
      `insert into outbox (id, workspace_id, stream, type, payload, created_at)
       values ('evt_old', $1, $1, 'x', '{}', now() - interval '2 minutes')`,
      [workspaceId],
    );
    await look();
    expect(await history('code=backlog_growing')).toEqual([]);
    expect(await stuck('backlog_growing')).toMatchObject([{ evidence: { taskQueue: 'outbox' } }]);
    await look();
    const [opened] = await history('code=backlog_growing');
    expect(opened).toMatchObject({ severity: 'warning', evidence: { kind: 'event' } });
    await sql(`delete from outbox where id = 'evt_old'`);
    await look();
    await look();
    expect(await history('code=backlog_growing&open=true')).toEqual([]);
  });

  it('is found when two looks in a row see tasks that nobody takes', async () => {
    const { temporal, taskQueue } = engine.deps;
    const backlog = { taskQueue, kind: 'workflow' as const, tasks: 9, ageMs: 121_000 };
    const memory = { ...createAuditMemory(), backlogs: { get: async () => [backlog] } };
    await look({ memory });
    await look({ memory });
    const [opened] = await history('code=backlog_growing&open=true');
    expect(opened.evidence).toMatchObject({ taskQueue, waiting: 9, oldestMs: 121_000 });
    await engine.stopWorker();
    await temporal.workflow.start('contentItem', { workflowId: 'waits', taskQueue, args: [] });
    const found = await eventually(
      async () => {
        const until = Date.now() + 5_000;
        const now = await readBacklog(temporal, { taskQueue, kind: 'workflow', until });
        return now.tasks > 0 && now.ageMs > 0 ? now : null;
      },
      { what: 'a backlog' },
    );
    expect(found).toMatchObject({ taskQueue, kind: 'workflow' });
  });
});

describe('the history of findings', () => {
  it('is shown to members of the workspace, and nobody else', async () => {
    expect((await api.call(null, 'GET', '/v1/audit/findings')).status).toBe(401);
    const { status, json } = await api.as('creator', 'GET', '/v1/audit/findings?limit=1');
    expect(status).toBe(200);
    expect(json.items).toHaveLength(1);
    expect(json.nextCursor).not.toBeNull();
  });

  it.each(['open=maybe', 'code=none', 'limit=201', 'cursor=x', 'role=creator'])(
    'refuses %s',
    async (query) => {
      const { status, json } = await api.as('creator', 'GET', `/v1/audit/findings?${query}`);
      expect([status, json.code]).toEqual([400, 'invalid_request']);
    },
  );
});
