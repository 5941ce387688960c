import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, inject, it, onTestFinished } from 'vitest';
import { createReleases } from '../../scripts/baton/releases.ts';
import { buildWorkflowBundle } from '../../scripts/build-workflow-bundle.ts';
import { createAuditMemory } from '../../src/audit/audit-memory.ts';
import { findInEngine } from '../../src/audit/engine-findings.ts';
import type { MoveReport, ReleaseStatus, Releases } from '../../src/cli/cli-deps.ts';
import { readArchivedHistories } from '../../src/db/audit/archived-histories.ts';
import { itemWorkflowId } from '../../src/domain/ids.ts';
import { verifyChain } from '../../src/domain/item/event.ts';
import { MACHINE_VERSION } from '../../src/domain/item/item.machine.ts';
import { announceBuild } from '../../src/engine/announce-build.ts';
import { buildIdOf, deploymentOf } from '../../src/engine/build-id.ts';
import { readDeployment, routeNewRuns } from '../../src/engine/builds.ts';
import { moveToBuildSignal } from '../../src/workflows/messages.ts';
import { runCommand } from '../support/baton-command.ts';
import { makeBrief } from '../support/content.ts';
import { eventually } from '../support/eventually.ts';
import { type HeldServer, heldServer } from '../support/held-server.ts';
import {
  type BuildWorker,
  type ItemEngine,
  newCommandId,
  newSecretKey,
  openItemEngine,
} from '../support/item-engine.ts';
import { toScheduled } from '../support/item-story.ts';

/** A slot so near that its post goes out at once. */
const SOON_MS = 1_500;
/** A send that is held stays so for longer than a busy machine takes to look at it. */
const HELD_MS = 60_000;
const GUIDE = new URL('../../docs/releasing.md', import.meta.url);
const COMMAND = 'node scripts/baton.ts release ';
const OTHER_BUILD = fileURLToPath(new URL('../support/other-build.ts', import.meta.url));

let engine: ItemEngine;
let other: BuildWorker;
let releases: Releases;
const payloadKey = newSecretKey();
beforeAll(async () => {
  engine = await openItemEngine({
    buildId: 'a',
    payloadKey,
    sendTiming: { leaseMs: 2 * HELD_MS },
    answerWithinMs: HELD_MS,
  });
  await announce('a');
  releases = createReleases({
    TEMPORAL_ADDRESS: inject('temporalAddress'),
    TEMPORAL_NAMESPACE: engine.deps.temporal.options.namespace,
    TASK_QUEUE: engine.deps.taskQueue,
    BATON_PAYLOAD_KEY: newSecretKey().bytes.toString('base64'),
    BATON_PREVIOUS_PAYLOAD_KEYS: payloadKey.bytes.toString('base64'),
    BATON_BUILD_ID: 'b',
  });
});
afterAll(() => engine?.close());

function announce(buildId: string, machineVersion = MACHINE_VERSION): Promise<boolean> {
  const { temporal, taskQueue } = engine.deps;
  const version = { deploymentName: deploymentOf(taskQueue), buildId };
  const signal = new AbortController().signal;
  return announceBuild(temporal, version, { machineVersion, takesOver: false, signal });
}

/** Runs a command of the release as an operator does. */
async function run<T>(...args: string[]): Promise<T> {
  const { code, out, err } = await runCommand(['release', ...args, '--json'], { releases });
  if (code !== 0) throw new Error(err);
  // Only what it ends with: progress is for people.
  return JSON.parse(out);
}

function move(waitS = 10): Promise<MoveReport> {
  return run('move', '--per-second', '50', '--wait', String(waitS));
}

async function buildOf(itemId: string, { deps } = engine): Promise<string> {
  const { temporal } = deps;
  const { workflowExecutionInfo } = await temporal.workflowService.describeWorkflowExecution({
    namespace: temporal.options.namespace,
    execution: { workflowId: itemWorkflowId(itemId) },
  });
  return workflowExecutionInfo?.versioningInfo?.deploymentVersion?.buildId ?? '';
}

function onBuild(itemId: string, buildId: string, on = engine): Promise<true> {
  return eventually(async () => ((await buildOf(itemId, on)) === buildId ? true : null), {
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
    other = await engine.startBuild('b', OTHER_BUILD);
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

    expect(await run('set-current', 'b')).toEqual({ from: 'a', to: 'b' });
    const young = await engine.start();
    await onBuild(young, 'b');
    // Neither moves by itself: the release of new items comes first.
    await engine.apply('strategist', idle, 'save_brief', { brief: makeBrief() });
    expect(await buildOf(idle)).toBe('a');

    const report = await move(2);
    await onBuild(idle, 'b');
    expect(report).toMatchObject({ target: 'b', unreadable: [] });
    expect(report.blockers).toEqual([
      { itemId: busy, buildId: 'a', why: expect.stringContaining('it is busy') },
    ]);
    expect(await buildOf(busy)).toBe('a');
    const status = await run<ReleaseStatus>('status');
    expect(status).toMatchObject({ current: 'b', blockers: [{ itemId: busy }] });
    expect(status.builds).toContainEqual(
      expect.objectContaining({ buildId: 'a', status: 'draining', hasWorkers: true, openItems: 1 }),
    );

    held.release();
    await engine.until(busy, 'measuring', ({ stage }) => stage === 'measuring');
    await onBuild(busy, 'b');
    expect(engine.posts(busy)).toHaveLength(1);
    expect(await engine.apply(...save)).toEqual(first);

    expect(await run('rollback')).toEqual({ from: 'b', to: 'a' });
    expect(await move()).toMatchObject({ target: 'a', left: 0, blockers: [] });
    for (const itemId of [idle, busy, young]) {
      await onBuild(itemId, 'a');
      await holdsOneChain(itemId);
    }
    expect(await engine.apply(...save)).toEqual(first);
    const { workspaceId } = engine.workspace;
    // The first run and the one that moved back have ended, one on each build.
    await eventually(async () => {
      const archived = await readArchivedHistories(engine.deps.db, { workspaceId, itemId: idle });
      return archived.length === 2 || null;
    });
    await engine.apply('strategist', young, 'save_brief', { brief: makeBrief() });
    await holdsOneChain(young);
    expect(engine.posts(busy)).toHaveLength(1);
  });

  it('sends a share of new items to a build, and moves nothing to it', async () => {
    const share = { from: 'a', to: 'b' };
    expect(await run('set-current', '--percentage', '40')).toEqual(share);
    const status = await run<ReleaseStatus>('status');
    expect(status).toMatchObject({ current: 'a', ramping: { buildId: 'b', percentage: 40 } });
    expect(await move()).toMatchObject({ target: 'a', asked: 0, left: 0 });
    expect(await run('set-current', 'a')).toEqual({ from: 'a', to: 'a' });
  });

  it('is changed by one of two who change it at once', async () => {
    const { temporal, taskQueue } = engine.deps;
    const deploymentName = deploymentOf(taskQueue);
    const until = Date.now() + 30_000;
    const { token } = await readDeployment(temporal, deploymentName, until);
    const route = (buildId: string) =>
      routeNewRuns(temporal, { deploymentName, buildId }, { token, until });
    expect(await route('b')).toBe('done');
    expect(await route('a')).toBe('changed_meanwhile');
    await run('set-current', 'a');
  });

  it.each([
    [
      'a build of which no worker ever polled',
      ['set-current', 'typo'],
      /typo ever polled; builds: /,
    ],
    ['a share for the current build', ['set-current', 'a', '--percentage', '5'], /is the current/],
  ])('refuses %s', async (_, args, message) => {
    await expect(run(...args)).rejects.toThrow(message);
    expect((await run<ReleaseStatus>('status')).current).toBe('a');
  });

  it('leaves items alone whose snapshots the older build cannot read', async () => {
    await run('set-current', 'b');
    const itemId = await engine.start();
    await onBuild(itemId, 'b');
    const older = MACHINE_VERSION - 1;
    const old = await engine.startBuild('old');
    await announce('old', older);
    // The engine learns of the workers of each queue by their first polls.
    await eventually(() => run('set-current', 'old').catch(() => null));
    const report = await move(1);
    expect(report).toMatchObject({ target: 'old', asked: 0, unreadable: ['b', 'a'] });
    // Not even one that is asked directly: it would end in a run that cannot begin.
    const handle = engine.deps.temporal.workflow.getHandle(itemWorkflowId(itemId));
    await handle.signal(moveToBuildSignal, { buildId: 'old', machineVersion: older });
    await engine.apply('strategist', itemId, 'save_brief', { brief: makeBrief() });
    expect(await buildOf(itemId)).toBe('b');
    await run('set-current', 'a');
    await old.stop();
  });

  it('is seen when nobody works for a build that items are bound to', async () => {
    const bound = (await run<ReleaseStatus>('status')).builds.find(
      ({ buildId }) => buildId === 'b',
    );
    expect(bound).toMatchObject({ openItems: 1, hasWorkers: true });
    await other.stop();
    const found = await eventually(async () => {
      const { facts } = await missingWorkers();
      // Its pollers are not all forgotten at once.
      const isWhole = facts.some(({ evidence }) => String(evidence['kinds']).includes('workflow'));
      return isWhole ? facts : null;
    });
    expect(found).toMatchObject([
      { code: 'no_worker', evidence: { buildId: 'b', kinds: ['workflow', 'activity'] } },
    ]);
    await expect(run('set-current', 'b')).rejects.toThrow('no worker of the build b polls');
    const report = await move(1);
    expect(report.blockers).toMatchObject([
      { buildId: 'b', why: expect.stringMatching(/no worker/) },
    ]);
    await engine.startBuild('b', OTHER_BUILD);
    expect(await move()).toMatchObject({ left: 0, blockers: [] });
    await eventually(async () => (await missingWorkers()).facts.length === 0 || null);
  });
});

describe('the commands of docs/releasing.md', () => {
  it('release, move and roll back, in the order in which they stand there', async () => {
    const itemId = await engine.start();
    await onBuild(itemId, 'a');
    const lines = (await readFile(GUIDE, 'utf8')).split('\n');
    const commands = lines.flatMap((line) =>
      line.startsWith(COMMAND) ? [line.slice(COMMAND.length)] : [],
    );
    const after: string[] = [];
    for (const command of commands) {
      await run(...command.split(' '));
      const { current } = await run<ReleaseStatus>('status');
      after.push(`${command}: ${current}`);
      if (command.startsWith('move')) await onBuild(itemId, current ?? '');
    }
    expect(after).toEqual([
      'status: a',
      'set-current --percentage 10: a',
      'set-current: b',
      'move --per-second 20: b',
      'rollback: a',
      'move: a',
    ]);
    await holdsOneChain(itemId);
  });
});

function missingWorkers() {
  return findInEngine(
    { ...engine.deps, memory: createAuditMemory() },
    {
      workspaceId: engine.workspace.workspaceId,
      now: new Date().toISOString(),
      codes: ['no_worker'],
    },
  );
}

describe('a worker that begins alone', () => {
  it('is of the build that its bundle is, and makes it current', async () => {
    const alone = await openItemEngine();
    try {
      await alone.stopWorker();
      await alone.spawnWorker({ BATON_BUILD_ID: '' });
      const itemId = await alone.start();
      const code = await readFile(await buildWorkflowBundle());
      await onBuild(itemId, buildIdOf(code, MACHINE_VERSION), alone);
    } finally {
      await alone.close();
    }
  });
});

/** An item whose post is accepted by the network, which does not answer before it is released. */
async function holdSend(itemId: string): Promise<HeldServer> {
  const server = await heldServer();
  onTestFinished(() => server.close());
  await engine.sandbox.hook({
    at: 'after-accept',
    url: server.url,
    marker: engine.marker(itemId),
    timeoutMs: HELD_MS,
  });
  await toScheduled(engine, itemId, { slotInMs: SOON_MS });
  await server.arrived;
  return server;
}
