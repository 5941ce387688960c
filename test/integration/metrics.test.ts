import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createFigures } from '../../src/health/figures.ts';
import { createMeters } from '../../src/health/meters.ts';
import { makeCommand, makeWorkspace } from '../support/db-fixture.ts';
import { type IdleApi, openIdleApi } from '../support/idle-api.ts';

const METRICS_KEY = randomBytes(32).toString('hex');

let api: IdleApi;

beforeAll(async () => {
  const meters = createMeters();
  meters.watchProcess();
  api = await openIdleApi({ meters, settings: { local: false, metricsKey: METRICS_KEY } });
  const itemId = await api.start({ title: 'CANARY-TITLE' });
  const { db, pool } = api.database;
  await makeCommand(db, api.workspace, itemId);
  await pool.query(
    `insert into outbox (id, workspace_id, stream, type, payload, created_at)
     values ('evt_test', $1, $2, 'item.started', '{}', now() - interval '1 hour')`,
    [api.workspace.workspaceId, itemId],
  );
  await pool.query(
    `insert into findings (workspace_id, id, code, severity, rank, since, waiting_on, evidence,
       opened_at, last_seen_at, closed_at, closed_because)
     select $1, 'fnd_' || n, 'overdue', 'warning', 1, now(), '[]', '{}', now(), now(),
       case n when 2 then now() end, case n when 2 then 'gone' end
     from generate_series(1, 2) n`,
    [api.workspace.workspaceId],
  );
});
afterAll(() => api?.close());

/** What promtool has against metrics. */
function checkMetrics(text: string): { promtool: boolean; said: string } {
  const { error, stdout, stderr, status } = spawnSync('promtool', ['check', 'metrics'], {
    input: text,
    encoding: 'utf8',
    timeout: 30_000,
  });
  if (error !== undefined) return { promtool: false, said: error.message };
  return { promtool: true, said: status === 0 ? '' : `${stdout}${stderr}` };
}

/** Values of a metric by their labels. */
function valuesOf(text: string, name: string): Record<string, number> {
  const lines = text.matchAll(new RegExp(`^${name}(\\{[^}]*\\})? (\\S+)$`, 'gm'));
  return Object.fromEntries([...lines].map(([, labels = '', value]) => [labels, Number(value)]));
}

const sumOf = (text: string, name: string): number =>
  Object.values(valuesOf(text, name)).reduce((sum, value) => sum + value, 0);

describe('/metrics', () => {
  it('shows all workspaces to who has the metrics key, and nobody without one', async () => {
    const { status, text, headers } = await api.call(METRICS_KEY, 'GET', '/metrics');
    expect(status).toBe(200);
    expect(headers.get('content-type')).toMatch(/^text\/plain; version=0\.0\.4/);
    expect(valuesOf(text, 'baton_figures_up')).toEqual({ '': 1 });
    expect(valuesOf(text, 'baton_open_items')).toEqual({
      '{stage="briefing",role="strategist"}': 1,
    });
    expect(sumOf(text, 'baton_overdue_items')).toBe(0);
    expect(sumOf(text, 'baton_pending_commands')).toBe(1);
    expect(sumOf(text, 'baton_outbox_events')).toBeGreaterThan(0);
    expect(valuesOf(text, 'baton_findings')).toEqual({
      '{code="overdue",severity="warning"}': 1,
    });
    expect(sumOf(text, 'baton_oldest_outbox_event_age_seconds')).toBeGreaterThan(3_599);
    const requests = valuesOf(text, 'baton_http_request_duration_seconds_count');
    expect(requests['{route="POST /v1/items",status="201"}']).toBe(1);
    for (const key of [null, 'x', `${METRICS_KEY}x`, METRICS_KEY.slice(1)]) {
      expect((await api.call(key, 'GET', '/metrics')).status).toBe(401);
    }
  });

  it('shows how long the workspace waits that the watch has not looked at for longest', async () => {
    const { pool, program: db } = api.database;
    // Without what the scrapes before it were told.
    const age = async () => (await createFigures({ db })(null))?.lastLookAge;
    await pool.query(
      `insert into watches (workspace_id, looked_at, could_not_ask, pressing)
       values ($1, now(), '[]', '{}')`,
      [api.workspace.workspaceId],
    );
    expect(await age()).toBeLessThan(600);
    const { workspaceId } = await makeWorkspace(api.database.db);
    await pool.query(`update workspaces set created_at = now() - interval '1 hour' where id = $1`, [
      workspaceId,
    ]);
    expect(await age()).toBeGreaterThan(3_599);
  });

  it('is what promtool takes, with what the process tells of itself', async (context) => {
    const { text } = await api.call(METRICS_KEY, 'GET', '/metrics');
    const { promtool, said } = checkMetrics(text);
    if (!promtool) context.skip('promtool is not installed');
    expect(said).toBe('');
  });

  it('opens nothing else with the metrics key', async () => {
    expect((await api.call(METRICS_KEY, 'GET', '/v1/items')).status).toBe(401);
    expect((await api.call(METRICS_KEY, 'POST', '/v1/items', { body: {} })).status).toBe(401);
  });

  it('shows an API key its own workspace, and nothing of the process', async () => {
    const own = await api.as('creator', 'GET', '/metrics');
    expect(sumOf(own.text, 'baton_open_items')).toBe(1);
    expect(own.text).not.toContain('baton_http_request');
    const other = await makeWorkspace(api.database.db);
    const { text } = await api.call(other.members[0]?.key ?? '', 'GET', '/metrics');
    expect(valuesOf(text, 'baton_figures_up')).toEqual({ '': 1 });
    expect(sumOf(text, 'baton_open_items')).toBe(0);
  });

  it('makes no series of what callers write', async () => {
    for (const path of ['/CANARY-PATH', '/v1/items/CANARY-ID', '/v1/items?q=CANARY-QUERY']) {
      await api.as('creator', 'GET', path);
    }
    const { text } = await api.call(METRICS_KEY, 'GET', '/metrics');
    expect(text).toContain('route="none",status="404"');
    expect(text).not.toContain('CANARY');
    expect(text).not.toContain(api.workspace.workspaceId);
  });
});
