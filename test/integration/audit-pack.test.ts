import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { verifyPack } from '../../src/evidence/verify/verify-pack.ts';
import { runCommand } from '../support/baton-command.ts';
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

describe('the audit pack', () => {
  it('of an open item verifies, and is the same bytes twice', async () => {
    const itemId = await api.engine.start();
    await toCreation(api.engine, itemId);
    const pack = await packOf(itemId);
    const { faults, summary } = await verifyPack(pack);
    expect(faults).toEqual([]);
    expect(summary).toMatchObject({ itemId, stage: 'creation', runs: { in_engine: 1 } });
    expect(Buffer.compare(pack, await packOf(itemId))).toBe(0);
  });

  it('of a closed item verifies from the command line', async () => {
    const itemId = await api.engine.start();
    await toKpiReview(api.engine, itemId);
    await signOff(api.engine, itemId);
    const pack = await eventually(
      async () => {
        const bytes = await packOf(itemId);
        const { summary } = await verifyPack(bytes);
        return summary?.runs.archived === 1 ? bytes : null;
      },
      { what: 'an archived history' },
    );
    const file = join(directory, 'closed.zip');
    writeFileSync(file, pack);
    const run = await runCommand(['verify-audit', file]);
    expect(run).toMatchObject({ code: 0, err: '' });
    expect(run.out).toContain('everything agrees');
  });
});
