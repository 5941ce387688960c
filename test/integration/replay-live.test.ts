import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { bundleForReplay, type ReplayBundle } from '../../scripts/replay/replay.ts';
import { replayLive } from '../../scripts/replay/replay-live.ts';
import { itemWorkflowId } from '../../src/domain/ids.ts';
import { createDataConverter } from '../../src/engine/data-converter.ts';
import { bundleWith, CAUGHT } from '../replay/changes.ts';
import { eventually } from '../support/eventually.ts';
import { type ItemEngine, newSecretKey, openItemEngine } from '../support/item-engine.ts';

const REPLAY = join(import.meta.dirname, '..', '..', 'scripts', 'replay.ts');
const ALL = { limit: 1_000, sample: 100 };
const REASON = 'a secret reason';

const payloadKey = newSecretKey();
const converter = (key: typeof payloadKey) => createDataConverter({ current: key, all: [key] });

let present: ReplayBundle;
let changed: ReplayBundle;
beforeAll(async () => {
  present = await bundleForReplay();
  changed = await bundleWith(CAUGHT['two events have one more field']?.edits ?? []);
});

async function heldItem(engine: ItemEngine): Promise<string> {
  const itemId = await engine.start();
  await engine.apply('strategist', itemId, 'hold', { reason: REASON });
  return itemId;
}

interface Ended {
  code: number | null;
  out: string;
}

async function runReplay(
  engine: ItemEngine,
  key: string,
  more: readonly string[] = [],
): Promise<Ended> {
  const { namespace } = engine.deps.temporal.options;
  const options = ['--from', inject('temporalAddress'), '--namespace', namespace, ...more];
  const child = spawn(process.execPath, [REPLAY, ...options], {
    env: { ...process.env, BATON_PAYLOAD_KEY: key },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const [out, errors] = await Promise.all([text(child.stdout), text(child.stderr)]);
  if (child.exitCode === null) await once(child, 'exit');
  return { code: child.exitCode, out: out + errors };
}

describe.each([
  { how: 'plain', key: undefined },
  { how: 'encrypted', key: payloadKey },
])('the $how runs of a live deployment', ({ key }) => {
  let engine: ItemEngine;
  let itemId: string;
  const dataConverter =
    key === undefined ? createDataConverter({ current: null, all: [] }) : converter(key);
  beforeAll(async () => {
    engine = await openItemEngine({ ...(key !== undefined && { payloadKey: key }) });
    itemId = await heldItem(engine);
  });
  afterAll(() => engine?.close());

  it('are the same under this code', async () => {
    const { temporal } = engine.deps;
    const result = await expectListed(() =>
      replayLive(temporal, present, { ...ALL, dataConverter }),
    );
    expect(result).toMatchObject({ listed: 1, isCut: false, replayed: 1, gone: 0, problems: [] });
  });

  it('are named, with the place, where code would rewrite them, and no text of them is', async () => {
    const { temporal } = engine.deps;
    const { problems } = await expectListed(() =>
      replayLive(temporal, changed, { ...ALL, dataConverter }),
    );
    expect(problems[0]).toContain(`${itemWorkflowId(itemId)} (run `);
    expect(problems[1]).toMatch(/^ {2}event \d+, update .*, result\.events\[0\]/);
    expect(problems.join('\n')).not.toContain(REASON);
  });

  it('the command says so and ends with 0', async () => {
    const { code, out } = await runReplay(engine, key?.bytes.toString('base64') ?? 'off');
    expect(out).toContain('1 of 1 runs replayed: no difference');
    expect(code).toBe(0);
  });
});

/** The engine's index lags behind its runs. */
async function expectListed<T extends { listed: number }>(replay: () => Promise<T>): Promise<T> {
  return eventually(async () => {
    const result = await replay();
    return result.listed > 0 ? result : null;
  });
}

describe('the command', () => {
  let engine: ItemEngine;
  beforeAll(async () => {
    engine = await openItemEngine({ payloadKey });
    await heldItem(engine);
    const { temporal } = engine.deps;
    await expectListed(() =>
      replayLive(temporal, present, { ...ALL, dataConverter: converter(payloadKey) }),
    );
  });
  afterAll(() => engine?.close());

  it('ends with 1 where a key is missing: what is not read is not the same', async () => {
    const { code, out } = await runReplay(engine, 'off');
    expect(out).toContain('was not read: the payload was encrypted with the unknown key');
    expect(code).toBe(1);
  });

  it.each([
    [['--sample', '0'], '--sample must be a whole number from 1 to 10000'],
    [['--limit', 'all'], '--limit must be a whole number from 1 to 1000000'],
  ])('refuses %j and names the rule', async (more, rule) => {
    const { code, out } = await runReplay(engine, 'off', more);
    expect(out).toContain(rule);
    expect(code).toBe(2);
  });
});
