import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sql } from 'drizzle-orm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  rechained,
  repacked,
  rowsIn,
  sealed,
  type Unpacked,
  unpacked,
  withRows,
} from '../../scripts/demo/rewritten-pack.ts';
import { createApiKey } from '../../src/db/workspace/api-keys.ts';
import { insertMember } from '../../src/db/workspace/members.ts';
import { itemWorkflowId } from '../../src/domain/ids.ts';
import type { Role } from '../../src/domain/people/roles.ts';
import { linesOf } from '../../src/evidence/pack-file.ts';
import { verifyPack } from '../../src/evidence/verify/verify-pack.ts';
import type { Json } from '../support/api-fixture.ts';
import { runCommand } from '../support/baton-command.ts';
import { makeWorkspace } from '../support/db-fixture.ts';
import { createDraw } from '../support/draw.ts';
import { type EngineApi, openEngineApi } from '../support/engine-api.ts';
import { eventually } from '../support/eventually.ts';
import { signOff, toCreation, toKpiReview } from '../support/item-story.ts';

let api: EngineApi;
let directory: string;
beforeAll(async () => {
  api = await openEngineApi();
  directory = mkdtempSync(join(tmpdir(), 'baton pack '));
});
afterAll(async () => {
  await api?.close();
  rmSync(directory, { recursive: true, force: true });
});

async function packOf(itemId: string, role = 'strategist'): Promise<Uint8Array> {
  const { key } = api.engine.workspace.members.find((one) => one.role === role) ?? {};
  const reply = await fetch(`${api.url}/v1/items/${itemId}/audit-pack`, {
    headers: { authorization: `Bearer ${key}` },
  });
  expect(reply.status, reply.ok ? '' : await reply.clone().text()).toBe(200);
  expect(reply.headers.get('content-type')).toBe('application/zip');
  return new Uint8Array(await reply.arrayBuffer());
}

/** The pack of an item that went the whole way, its history archived. */
let closed: Promise<Uint8Array> | null = null;
function closedPack(): Promise<Uint8Array> {
  closed ??= makeClosedPack();
  return closed;
}

async function makeClosedPack(): Promise<Uint8Array> {
  const itemId = await api.engine.start();
  await toKpiReview(api.engine, itemId);
  await signOff(api.engine, itemId);
  return eventually(
    async () => {
      const bytes = await packOf(itemId);
      const { summary } = await verifyPack(bytes);
      return summary?.runs.archived === 1 && summary.runs.in_engine === 0 ? bytes : null;
    },
    { what: 'an archived history' },
  );
}

describe('the audit pack', () => {
  it('of an open item verifies, and is the same bytes twice', async () => {
    const itemId = await api.engine.start();
    await toCreation(api.engine, itemId);
    const pack = await packOf(itemId);
    const { faults, summary } = await verifyPack(pack);
    expect(faults).toEqual([]);
    expect(summary).toMatchObject({ itemId, stage: 'creation', runs: { in_engine: 1 } });
    const [one, another] = await eventually(async () => {
      const length = await api.engine.historyLength(itemId);
      const packs = [await packOf(itemId), await packOf(itemId)] as const;
      // The engine may still have noted something between the two.
      return length === (await api.engine.historyLength(itemId)) && packs;
    });
    expect(Buffer.compare(one, another)).toBe(0);
  });

  it('of a closed item verifies from the command line', async () => {
    const pack = await closedPack();
    const file = join(directory, 'closed.zip');
    writeFileSync(file, pack);
    const run = await runCommand(['verify-audit', file]);
    expect(run).toMatchObject({ code: 0, err: '' });
    expect(run.out).toContain('everything agrees');
  });
});

describe('who gets the pack', () => {
  const status = async (key: string, itemId: string) =>
    (await api.call(key, 'GET', `/v1/items/${itemId}/audit-pack`)).status;

  it('is an admin, or the strategist of the item', async () => {
    const itemId = await api.engine.start();
    const { db } = api.engine.deps;
    const { workspaceId } = api.engine.workspace;
    const asMember = async (roles: Role[]) => {
      const { id: memberId } = await insertMember(db, { workspaceId, name: 'Somebody', roles });
      const { key } = await createApiKey(db, {
        workspaceId,
        memberId,
        name: 'test',
        issuedBy: null,
      });
      return status(key, itemId);
    };
    expect(await asMember(['admin'])).toBe(200);
    expect(await asMember(['strategist'])).toBe(403);
    expect(await asMember(['creator', 'editor', 'legal', 'social_media_manager'])).toBe(403);
    const other = await makeWorkspace(db);
    const foreign = other.members.find(({ role }) => role === 'strategist')?.key ?? '';
    expect(await status(foreign, itemId)).toBe(404);
    const { key } = api.engine.workspace.members.find(({ role }) => role === 'strategist') ?? {};
    expect(await status(key ?? '', 'itm_none')).toBe(404);
  });

  it('finds no key, token or secret in it', async () => {
    const text = Object.values(unpacked(await closedPack())).join('\n');
    for (const { key } of api.engine.workspace.members) {
      expect(text).not.toContain(key);
      expect(text).not.toContain(key.split('.').at(-1));
    }
    const { rows } = await api.engine.deps.db.execute<{ secret: string }>(sql`
      select encode(secret_hash, 'hex') as secret from api_keys
      union all select credentials from channel_accounts where credentials is not null
      union all select lease_token from publish_intents where lease_token is not null`);
    expect(rows.length).toBeGreaterThan(3);
    for (const { secret } of rows) expect(text).not.toContain(secret);
    expect(text).not.toMatch(/lease_?token|secret_?hash":"[^(]/i);
  });
});

describe('the history of a run that was replaced', () => {
  it('is archived, and the pack verifies when the engine has forgotten every run', async () => {
    const { temporal } = api.engine.deps;
    const itemId = await api.engine.start();
    await toCreation(api.engine, itemId);
    const handle = temporal.workflow.getHandle(itemWorkflowId(itemId));
    const { runId } = await handle.describe();
    await handle.terminate('an operator');
    const finding = await eventually(
      async () => {
        const found = (await api.as('strategist', 'GET', `/v1/audit/stuck?itemId=${itemId}`)).json;
        return found.items.find((one: Json) => one.code === 'row_without_run') ?? null;
      },
      { what: 'the finding' },
    );
    const order = { repair: 'replace_run', reason: 'it was ended' };
    await api.ok('strategist', 'POST', `/v1/audit/findings/${finding.id}/repairs`, order);
    await api.engine.apply('strategist', itemId, 'cancel', { reason: 'no longer needed' });
    await eventually(
      async () => {
        const { summary, faults } = await verifyPack(await packOf(itemId));
        expect(faults).toEqual([]);
        return summary?.runs.archived === 2 ? true : null;
      },
      { what: 'both histories' },
    );
    const before = await packOf(itemId);
    const { namespace } = temporal.options;
    const latest = await handle.describe();
    for (const id of [runId, latest.runId]) {
      await temporal.workflowService.deleteWorkflowExecution({
        namespace,
        workflowExecution: { workflowId: itemWorkflowId(itemId), runId: id },
      });
    }
    await eventually(
      async () => {
        const gone = await handle.describe().then(
          () => null,
          () => true,
        );
        return gone;
      },
      { what: 'the end of the runs in the engine' },
    );
    const after = await packOf(itemId);
    expect((await verifyPack(after)).faults).toEqual([]);
    expect(Buffer.compare(before, after)).toBe(0);
  });
});

/** Changes one character of a row into another one, at a drawn place. */
function tamper(files: Unpacked, draw: (below: number) => number) {
  const paths = Object.keys(files).filter((path) => path.endsWith('.jsonl') && files[path] !== '');
  const path = paths[draw(paths.length)] ?? '';
  const lines = linesOf(files[path] ?? '');
  const index = draw(lines.length);
  const line = lines[index] ?? '';
  const at = draw(line.length);
  const other = String.fromCharCode(33 + ((line.charCodeAt(at) - 33 + 1 + draw(90)) % 94));
  lines[index] = `${line.slice(0, at)}${other === line[at] ? '~' : other}${line.slice(at + 1)}`;
  const text = lines.map((one) => `${one}\n`).join('');
  return { path, row: index + 1, files: { ...files, [path]: text } };
}

describe('a changed pack', () => {
  it('is found at the file and the row, whatever byte of a row was changed: 100 of 100', async () => {
    const files = unpacked(await closedPack());
    const draw = createDraw(11);
    for (let count = 0; count < 100; count += 1) {
      const { path, row, files: changed } = tamper(files, draw);
      const { faults } = await verifyPack(repacked(changed));
      expect(faults[0], `change ${count} of ${path}`).toMatchObject({ file: path, row });
    }
  });

  it('names the field, where its row still is JSON', async () => {
    const files = unpacked(await closedPack());
    for (const [path, field] of [
      ['events.jsonl', 'actor'],
      ['commands.jsonl', 'createdAt'],
      ['drafts.jsonl', 'authorId'],
      ['readings.jsonl', 'value'],
      ['acts.jsonl', 'record'],
      ['histories/1.jsonl', 'eventTime'],
    ] as const) {
      const [first, ...others] = rowsIn(files, path);
      const rows = [{ ...first, [field]: 'another' }, ...others];
      const { faults } = await verifyPack(repacked(withRows(files, path, rows)));
      expect(faults[0]).toMatchObject({ file: path, row: 1, field });
    }
  });

  it('is found where manifest and digests were made anew: the rest of the pack says otherwise', async () => {
    const files = unpacked(await closedPack());
    const changes: [
      path: string,
      field: string,
      change: (row: Record<string, unknown>) => object,
    ][] = [
      [
        'events.jsonl',
        'data.reason',
        ({ data }) => ({ data: { ...(data as object), reason: 'x' } }),
      ],
      ['commands.jsonl', 'actorId', () => ({ actorId: 'mbr_somebody' })],
      ['briefs.jsonl', 'body', ({ body }) => ({ body: { ...(body as object), objective: 'x' } })],
      ['drafts.jsonl', 'body', ({ body }) => ({ body: { ...(body as object), title: 'x' } })],
      ['handoffs.jsonl', 'decidedBy', () => ({ decidedBy: 'mbr_somebody' })],
      ['approvals.jsonl', 'decisions', () => ({ decisions: [] })],
      ['publications.jsonl', 'permalink', () => ({ permalink: 'https://elsewhere.example' })],
      ['reviews.jsonl', 'body', ({ body }) => ({ body: { ...(body as object), readings: [] } })],
      ['item.json', 'stage', () => ({ stage: 'cancelled' })],
    ];
    for (const [path, field, change] of changes) {
      const [first, ...others] = rowsIn(files, path);
      const rows = [{ ...first, ...change(first ?? {}) }, ...others];
      const { faults } = await verifyPack(repacked(sealed(withRows(files, path, rows))));
      expect(faults[0], path).toMatchObject({ file: path, row: 1, field });
    }
  });

  it('is found where a version was added that no event names', async () => {
    const files = unpacked(await closedPack());
    for (const path of ['briefs.jsonl', 'drafts.jsonl']) {
      const rows = rowsIn(files, path);
      const added = [...rows, { ...rows.at(-1), version: rows.length + 1 }];
      const { faults } = await verifyPack(repacked(sealed(withRows(files, path, added))));
      const message = 'is named by no event';
      expect(faults[0]).toMatchObject({ file: path, row: added.length, field: 'version', message });
    }
  });

  it('is none where old commands of a closed item were tidied away: its histories tell them', async () => {
    const files = unpacked(await closedPack());
    const { faults, summary } = await verifyPack(
      repacked(sealed(withRows(files, 'commands.jsonl', []))),
    );
    expect(faults).toEqual([]);
    expect(summary?.commands).toBe(0);
  });

  it('is found where the chain was made anew as well: commands and the engine say otherwise', async () => {
    const files = unpacked(await closedPack());
    const rows = rowsIn(files, 'events.jsonl');
    for (const [index, { type, data }] of rows.entries()) {
      if (index % 4 !== 1) continue;
      const forged = rows.with(index, { ...rows[index], data: { ...(data as object), at: 'x' } });
      const { faults } = await verifyPack(repacked(rechained(files, forged)));
      const place = { file: 'events.jsonl', row: index + 1, field: 'data.at' };
      expect(faults[0], String(type)).toMatchObject(place);
      expect(faults.some(({ message }) => message.includes("engine's history"))).toBe(true);
    }
    // Its last event never was.
    const { faults } = await verifyPack(repacked(rechained(files, rows.slice(0, -1))));
    expect(faults.length).toBeGreaterThan(0);
  });
});
