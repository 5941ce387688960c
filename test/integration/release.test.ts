import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { itemWorkflowId } from '../../src/domain/ids.ts';
import { verifyChain } from '../../src/domain/item/event.ts';
import { MACHINE_VERSION } from '../../src/domain/item/item.machine.ts';
import { announceBuild } from '../../src/engine/announce-build.ts';
import { deploymentOf } from '../../src/engine/build-id.ts';
import { makeCurrent, rollBack } from '../../src/releases/current-build.ts';
import { type MoveReport, moveItems } from '../../src/releases/move-items.ts';
import { readStatus } from '../../src/releases/release-status.ts';
import { makeBrief } from '../support/content.ts';
import { eventually } from '../support/eventually.ts';
import { type ItemEngine, newCommandId, openItemEngine } from '../support/item-engine.ts';
import { toScheduled } from '../support/item-story.ts';

/** A slot so near that its post goes out at once. */
const SOON_MS = 1_500;
const OTHER_BUILD = fileURLToPath(new URL('../support/other-build.ts', import.meta.url));

let engine: ItemEngine;
beforeAll(async () => {
  engine = await openItemEngine({ buildId: 'a' });
  await announce('a');
});
afterAll(() => engine?.close());

function announce(buildId: string, machineVersion = MACHINE_VERSION): Promise<boolean> {
  const { temporal, taskQueue } = engine.deps;
  const version = { deploymentName: deploymentOf(taskQueue), buildId };
  const signal = new AbortController().signal;
  return announceBuild(temporal, version, { machineVersion, takesOver: false, signal });
}

function move(waitMs = 10_000): Promise<MoveReport> {
  return moveItems(engine.deps, { perSecond: 50, waitMs }, () => {});
}

function release(buildId: string): Promise<string | null> {
  return makeCurrent(engine.deps, { buildId, percentage: 100 });
}

async function buildOf(itemId: string): Promise<string> {
  const { temporal } = engine.deps;
  const { workflowExecutionInfo } = await temporal.workflowService.describeWorkflowExecution({
    namespace: temporal.options.namespace,
    execution: { workflowId: itemWorkflowId(itemId) },
  });
  return workflowExecutionInfo?.versioningInfo?.deploymentVersion?.buildId ?? '';
}

function onBuild(itemId: string, buildId: string): Promise<true> {
  return eventually(async () => ((await buildOf(itemId)) === buildId ? true : null), {
    what: `${itemId} on ${buildId}`,
  });
}

async function holdsOneChain(itemId: string): Promise<void> {
  const { seq } = await engine.item(itemId);
  const chain = await engine.chain(itemId);
  expect(chain).toHaveLength(seq);
  expect(verifyChain(chain)).toBeNull();
}

describe('a release', () => {
  it('begins with the first build, which is made current; a later one waits', async () => {
    await engine.startBuild('b', OTHER_BUILD);
    expect(await announce('b')).toBe(false);
    expect(await announce('a')).toBe(true);
  });

  it('moves items when they are idle, each with its chain and its answers, and back again', async () => {
    const [idle, busy] = [await engine.start(), await engine.start()];
    const commandId = newCommandId();
    const save = [
      'strategist',
      idle,
      'save_brief',
      { brief: makeBrief({ notes: 'sent to the first build' }) },
      { commandId },
    ] as const;
    const first = await engine.apply(...save);
    const held = await holdSend(busy);

    expect(await release('b')).toBe('a');
    const young = await engine.start();
    await onBuild(young, 'b');
    // Neither moves by itself: the release of new items comes first.
    await engine.apply('strategist', idle, 'save_brief', { brief: makeBrief() });
    expect(await buildOf(idle)).toBe('a');

    const report = await move(2_000);
    await onBuild(idle, 'b');
    expect(report).toMatchObject({ target: 'b', unreadable: [] });
    expect(report.blockers).toEqual([
      { itemId: busy, buildId: 'a', why: expect.stringContaining('it is busy') },
    ]);
    expect(await buildOf(busy)).toBe('a');
    const status = await readStatus(engine.deps);
    expect(status).toMatchObject({ current: 'b', blockers: [{ itemId: busy }] });
    expect(status.builds).toContainEqual(
      expect.objectContaining({ buildId: 'a', status: 'draining', hasWorkers: true, openItems: 1 }),
    );

    held.release();
    await engine.until(busy, 'measuring', ({ stage }) => stage === 'measuring');
    await onBuild(busy, 'b');
    expect(engine.posts(busy)).toHaveLength(1);
    expect(await engine.apply(...save)).toEqual(first);

    expect(await rollBack(engine.deps)).toEqual({ from: 'b', to: 'a' });
    expect(await move()).toMatchObject({ target: 'a', left: 0, blockers: [] });
    for (const itemId of [idle, busy, young]) {
      await onBuild(itemId, 'a');
      await holdsOneChain(itemId);
    }
    expect(await engine.apply(...save)).toEqual(first);
    await engine.apply('strategist', young, 'save_brief', { brief: makeBrief() });
    await holdsOneChain(young);
    expect(engine.posts(busy)).toHaveLength(1);
  });
});

/** An item whose post is accepted by the network, which does not answer before it is released. */
async function holdSend(itemId: string): Promise<{ release(): void }> {
  const arrived = Promise.withResolvers<void>();
  const gate = Promise.withResolvers<void>();
  const server = createServer((_, response) => {
    arrived.resolve();
    void gate.promise.then(() => {
      response.end();
      server.close();
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  await engine.sandbox.hook({
    at: 'after-accept',
    url: `http://127.0.0.1:${port}`,
    marker: engine.marker(itemId),
    timeoutMs: 60_000,
  });
  await toScheduled(engine, itemId, { slotInMs: SOON_MS });
  await arrived.promise;
  return { release: gate.resolve };
}
