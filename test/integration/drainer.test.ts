import { Client, Connection } from '@temporalio/client';
import { sql } from 'drizzle-orm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CommandOutcome, CommandRequest } from '../../src/commands/command-outcome.ts';
import { createCommandSender } from '../../src/commands/command-sender.ts';
import { type DeliveryDeps, deliverCommand } from '../../src/commands/deliver-command.ts';
import { startDrainer } from '../../src/commands/queue/drainer.ts';
import { fastForward } from '../../src/commands/time-travel.ts';
import { findInTables } from '../../src/db/audit/findings.ts';
import { type CommandRow, insertCommand, takeFence } from '../../src/db/item/commands.ts';
import { numberText } from '../../src/db/item/versions.ts';
import { inTransaction } from '../../src/db/transaction.ts';
import { kindOf } from '../../src/domain/audit/finding-catalogue.ts';
import { hashOf } from '../../src/domain/canonical.ts';
import { itemWorkflowId } from '../../src/domain/ids.ts';
import type { RunState } from '../../src/workflows/messages.ts';
import { makeBrief } from '../support/content.ts';
import { makeItem } from '../support/db-fixture.ts';
import { type DyingAt, dyingClient } from '../support/dying-client.ts';
import { eventually } from '../support/eventually.ts';
import { type ItemEngine, newCommandId, openItemEngine } from '../support/item-engine.ts';

let engine: ItemEngine;
beforeAll(async () => {
  engine = await openItemEngine();
});
afterAll(() => engine?.close());

/** A command as it is stored by a process that dies before it sends it. */
async function storeHold(itemId: string): Promise<CommandRow> {
  const id = newCommandId();
  const { workspaceId } = engine.workspace;
  const memberId = engine.workspace.memberOf('strategist');
  const actor = { memberId, roles: ['strategist'], platformTags: {}, backupFor: [] };
  const message = { id, type: 'hold', actor, refs: { reason: 'a pause' }, facts: {} };
  const stored = await insertCommand(engine.deps.db, {
    id,
    workspaceId,
    itemId,
    source: 'http',
    bodyHash: id,
    actorId: memberId,
    type: 'hold',
    payload: { kind: 'command', message },
    expiresAt: new Date(Date.now() + 3_600_000).toISOString(),
  });
  if (stored.conflict) throw new Error('the id was taken');
  return stored.row;
}

function savesBrief(itemId: string, keyMessage = 'one message'): CommandRequest {
  const body = { brief: makeBrief({ keyMessage }) };
  const caller = engine.callerFor('strategist');
  const bodyHash = JSON.stringify(body);
  const commandId = newCommandId();
  return { caller, itemId, commandId, type: 'save_brief', body, source: 'http', bodyHash };
}

/** Sends through an engine that is asked as rarely as this counts. */
function countingDeps(): { deps: DeliveryDeps; asked: string[] } {
  const asked: string[] = [];
  const { temporal } = engine.deps;
  const client = new Client({
    connection: temporal.connection,
    namespace: temporal.options.namespace,
    interceptors: {
      workflow: [
        {
          startUpdate(input, next) {
            asked.push(input.options.updateId ?? '');
            return next(input);
          },
        },
      ],
    },
  });
  return { deps: { ...engine.deps, temporal: client }, asked };
}

function sendDying(at: DyingAt, request: CommandRequest): Promise<CommandOutcome> {
  const temporal = dyingClient(engine.deps.temporal, at);
  return createCommandSender({ ...engine.deps, temporal }).send(request);
}

async function expire(commandId: string, agoMs: number): Promise<void> {
  await engine.deps.db.execute(sql`update commands
    set expires_at = now() - ${agoMs} * interval '1 millisecond' where id = ${commandId}`);
}

async function statesOf(ids: readonly string[]): Promise<string[]> {
  return Promise.all(ids.map(async (id) => (await engine.command(id)).state));
}

describe('the drainer', () => {
  it('settles a command of a run that answers beside 150 runs that do not', async () => {
    const { db, temporal } = engine.deps;
    const silent: CommandRow[] = [];
    for (let count = 0; count < 150; count += 1) {
      const { id } = await makeItem(db, engine.workspace);
      // Of a version that nobody works for.
      await temporal.workflow.start('contentItem', {
        workflowId: itemWorkflowId(id),
        taskQueue: 'nobody-polls',
        args: [],
      });
      silent.push(await storeHold(id));
    }
    const healthy = await storeHold(await engine.start());
    const drainer = startDrainer(engine.programDeps);
    try {
      // One after the other, four at a time, the others take more than 90 s.
      await eventually(async () => (await engine.command(healthy.id)).state === 'applied', {
        withinMs: 30_000,
        what: 'the verdict of the healthy command',
      });
      // The same while all of them have failed and are asked again.
      await eventually(async () => {
        const { rows } = await db.execute(sql`select from command_queues where failures >= 1`);
        return rows.length >= 150;
      });
      const second = await storeHold(await engine.start());
      await eventually(async () => (await engine.command(second.id)).state === 'applied', {
        withinMs: 30_000,
        what: 'the verdict of the second healthy command',
      });
    } finally {
      await drainer.stop();
      await db.execute(sql`update commands set state = 'expired', unmet = '[]', refused_at_seq = 0,
        settled_at = now() where state = 'pending'`);
      await db.execute(sql`delete from command_queues`);
    }
    expect(await statesOf([healthy.id])).toEqual(['applied']);
  });

  it('sends the commands of one item in the order they came, once each, whoever drains', async () => {
    const itemId = await engine.start();
    const other = await engine.start();
    const messages = ['one', 'two', 'three'];
    await engine.stopWorker();
    const requests = messages.map((message) => savesBrief(itemId, message));
    const foreign = await storeHold(other);
    try {
      for (const request of requests) {
        expect(await engine.sender.send(request)).toMatchObject({ outcome: 'pending' });
      }
    } finally {
      await engine.startWorker();
    }
    const ids = requests.map(({ commandId }) => commandId);
    const { deps, asked } = countingDeps();
    const drainers = [1, 2, 3].map(() => startDrainer(deps, { pauseMs: 50 }));
    try {
      await eventually(async () => {
        const states = await statesOf([...ids, foreign.id]);
        return states.every((state) => state === 'applied');
      });
    } finally {
      await Promise.all(drainers.map((drainer) => drainer.stop()));
    }
    const chain = await engine.chain(itemId);
    const saved = chain.filter(({ type }) => type === 'brief.saved');
    expect(saved.map(({ commandId }) => commandId)).toEqual(ids);
    // A second time only where the machine was too slow to answer the first.
    expect([...new Set(asked.filter((id) => ids.includes(id)))]).toEqual(ids);
    const { rows } = await engine.deps.db.execute(
      sql`select from command_queues where item_id in (${itemId}, ${other})`,
    );
    expect(rows).toEqual([]);
  });

  it('lets one of two commands through that reach their run in one task', async () => {
    const itemId = await engine.start();
    await engine.stopWorker();
    const holds = ['the news', 'the law'].map((reason) => ({
      caller: engine.callerFor('strategist'),
      itemId,
      commandId: newCommandId(),
      type: 'hold' as const,
      body: { reason },
      source: 'http' as const,
      bodyHash: reason,
    }));
    try {
      const sent = await Promise.all(holds.map((hold) => engine.sender.send(hold)));
      expect(sent.map(({ outcome }) => outcome)).toEqual(['pending', 'pending']);
    } finally {
      await engine.startWorker();
    }
    const rows = await Promise.all(holds.map(({ commandId }) => engine.drain(commandId)));
    expect(rows.map(({ state }) => state).toSorted()).toEqual(['applied', 'refused']);
    const chain = await engine.chain(itemId);
    expect(chain.filter(({ type }) => type === 'item.held')).toHaveLength(1);
  });

  it('asks for one command of a run that does not answer; the others wait without costing', async () => {
    const itemId = await engine.start();
    const { deps, asked } = countingDeps();
    const sender = createCommandSender(deps);
    await engine.stopWorker();
    try {
      const first = savesBrief(itemId);
      await sender.send(first);
      expect(asked).toEqual([first.commandId]);
      // As after many failures.
      await engine.deps.db.execute(sql`update command_queues set failures = 9, is_silent = true,
        next_attempt_at = now() + interval '5 minutes' where item_id = ${itemId}`);
      const others = Array.from({ length: 30 }, (_, index) => savesBrief(itemId, `${index}`));
      const outcomes = await Promise.all([first, ...others].map((one) => sender.send(one)));
      expect(new Set(outcomes.map(({ outcome }) => outcome))).toEqual(new Set(['pending']));
      expect(asked).toEqual([first.commandId]);
      // For a person's sake the first of the line is asked again after a while: once for all of them.
      await engine.deps.db.execute(sql`update command_queues
        set attempted_at = now() - interval '16 seconds' where item_id = ${itemId}`);
      await Promise.all(others.map((one) => sender.send(one)));
      expect(asked).toEqual([first.commandId, first.commandId]);
    } finally {
      await engine.startWorker();
    }
  });

  it('bounds how many requests of a workspace wait for runs that do not answer', async () => {
    const items: string[] = [];
    for (let count = 0; count < 40; count += 1) items.push(await engine.start());
    const { deps, asked } = countingDeps();
    const sender = createCommandSender(deps);
    await engine.stopWorker();
    try {
      const requests = items.map((itemId) => savesBrief(itemId));
      const outcomes = await Promise.all(requests.map((one) => sender.send(one)));
      expect(new Set(outcomes.map(({ outcome }) => outcome))).toEqual(new Set(['pending']));
      expect(asked).toHaveLength(32);
    } finally {
      await engine.startWorker();
    }
  });
});

describe('a command that nobody answered in time', () => {
  const expired = { state: 'expired', unmet: [{ code: 'command_expired' }] };

  it('is expired for certain, found by the audit, and refused by the run that wakes', async () => {
    const itemId = await engine.start();
    const request = savesBrief(itemId);
    await engine.stopWorker();
    try {
      expect(await engine.sender.send(request)).toMatchObject({ outcome: 'pending' });
      await expire(request.commandId, 6 * 60_000);
      expect(await engine.drain(request.commandId)).toMatchObject(expired);
    } finally {
      await engine.startWorker();
    }
    expect(await engine.sender.send(request)).toMatchObject({
      outcome: 'refused',
      unmet: [{ code: 'command_expired' }],
    });
    const { workspaceId } = engine.workspace;
    const { db } = engine.deps;
    const kept = await db.execute(
      sql`select from command_texts where command_id = ${request.commandId}`,
    );
    expect(kept.rows, 'its text is not kept').toEqual([]);
    // But who wrote it is: four eyes hold for the same text of somebody else.
    const brief = makeBrief({ keyMessage: 'one message' });
    const text = { kind: 'brief' as const, body: brief };
    const authorId = engine.workspace.memberOf('creator');
    const sent = { workspaceId, itemId, text, hash: hashOf(brief), authorId };
    const { writtenBy } = await inTransaction(db, (tx) => numberText(tx, sent));
    expect(writtenBy).toEqual([engine.workspace.memberOf('strategist')]);
    const now = new Date().toISOString();
    const found = await findInTables(engine.deps.db, {
      workspaceId,
      now,
      itemId,
      codes: ['command_expired', 'command_without_verdict'],
      limit: 10,
    });
    expect(found).toMatchObject([
      { code: 'command_expired', itemId, evidence: { commandId: request.commandId } },
    ]);
    const { repairs, noRepair } = kindOf('command_expired');
    expect([repairs, noRepair]).toEqual([[], expect.stringContaining('gives it again')]);
  });

  it('is expired by the answer of its run, which has its own clock', async () => {
    const itemId = await engine.start();
    const request = savesBrief(itemId);
    await sendDying('before_engine', request);
    await expire(request.commandId, 60_000);
    await engine.deps.db.execute(sql`update commands set payload = jsonb_set(payload,
      '{message,expiresAt}', '"2026-01-01T00:00:00.000Z"') where id = ${request.commandId}`);
    expect(await engine.drain(request.commandId)).toMatchObject(expired);
    expect(await engine.chain(itemId)).toHaveLength(1);
  });

  it('is not one that came in time, however far the clock of its run was moved', async () => {
    const itemId = await engine.start();
    // As after a kill in the middle of a time travel: the row does not know how far its run has gone.
    const days = 86_400_000;
    await fastForward(engine.deps.temporal, itemId, 3 * days);
    const run = engine.deps.temporal.workflow.getHandle(itemWorkflowId(itemId));
    await eventually(
      async () => {
        const { now } = await run.executeUpdate<RunState, []>('tick', { args: [] });
        return Date.parse(now) > Date.now() + 2 * days || null;
      },
      { what: 'the clock of the run' },
    );
    const lasting = savesBrief(itemId);
    expect(await engine.sender.send(lasting)).toMatchObject({ outcome: 'applied' });
    const hurried = savesBrief(itemId, 'another');
    const body = {
      ...(hurried.body as object),
      expiresAt: new Date(Date.now() + days).toISOString(),
    };
    expect(await engine.sender.send({ ...hurried, body })).toMatchObject({
      outcome: 'refused',
      unmet: [{ code: 'command_expired' }],
    });
  });

  it('carries its expiry to the run: a day without one of its own', async () => {
    const itemId = await engine.start();
    const request = savesBrief(itemId);
    await engine.sender.send(request);
    const { payload, createdAt, expiresAt } = await engine.command(request.commandId);
    const { message } = payload as { message: { expiresAt: string } };
    const life = Date.parse(message.expiresAt) - Date.parse(createdAt);
    expect(Math.abs(life - 24 * 3_600_000)).toBeLessThan(60_000);
    expect(Math.abs(Date.parse(expiresAt) - Date.parse(message.expiresAt))).toBeLessThan(60_000);
  });

  it('is applied all the same when the run did so and nobody heard it, without a worker', async () => {
    const itemId = await engine.start();
    const request = savesBrief(itemId);
    await sendDying('after_engine', request);
    expect(await engine.chain(itemId)).toHaveLength(1);
    await expire(request.commandId, 6 * 60_000);
    await engine.stopWorker();
    try {
      const row = await engine.drain(request.commandId);
      expect(row).toMatchObject({ state: 'applied', appliedSeq: 2, answer: { version: 1 } });
    } finally {
      await engine.startWorker();
    }
    expect(await engine.chain(itemId)).toHaveLength(2);
  });

  it('is applied all the same when the run that did so has continued in another one', async () => {
    const short = await openItemEngine({ continueAbove: 30 });
    try {
      const itemId = await short.start();
      const first = await short.apply('strategist', itemId, 'save_brief', { brief: makeBrief() });
      const { workspaceId } = short.workspace;
      const caller = short.callerFor('strategist');
      const commandId = newCommandId();
      // The same text again: nothing happens, so no event tells of it.
      const body = { brief: makeBrief() };
      const temporal = dyingClient(short.deps.temporal, 'after_engine');
      await createCommandSender({ ...short.deps, temporal }).send({
        caller,
        itemId,
        commandId,
        type: 'save_brief',
        body,
        source: 'http',
        bodyHash: 'h',
      });
      const handle = short.deps.temporal.workflow.getHandle(itemWorkflowId(itemId));
      const { runId } = await handle.describe();
      const actor = { ...caller, platformTags: {}, backupFor: [] };
      await eventually(async () => {
        for (const type of ['hold', 'resume']) {
          const id = newCommandId();
          const message = { id, type, actor, refs: { reason: 'a pause' }, facts: {} };
          await handle.executeUpdate('command', { updateId: id, args: [message] });
        }
        return (await handle.describe()).runId !== runId;
      });
      await short.deps.db.execute(sql`update commands set expires_at = now() - interval '1 hour'
        where id = ${commandId} and workspace_id = ${workspaceId}`);
      await short.stopWorker();
      const row = await short.drain(commandId);
      expect(row).toMatchObject({ state: 'applied', appliedSeq: first.seq });
    } finally {
      await short.close();
    }
  });

  it('waits on while the engine cannot be asked what its run did', async () => {
    const row = await storeHold(await engine.start());
    const connection = Connection.lazy({ address: '127.0.0.1:1' });
    const { namespace } = engine.deps.temporal.options;
    const deps = { ...engine.deps, temporal: new Client({ connection, namespace }) };
    const attempt = await takeFence(engine.deps.db, row);
    const late = { ...row, expiresAt: new Date(Date.now() - 6 * 60_000).toISOString() };
    expect(await deliverCommand(deps, late, attempt ?? 0)).toBeNull();
    expect(await engine.command(row.id)).toMatchObject({ state: 'pending', isQueued: true });
  });

  for (const [at, state] of [
    ['before_engine', 'expired'],
    ['after_engine', 'applied'],
  ] as const) {
    it(`is a start too: ${state} when the API died ${at.replace('_', ' the ')}`, async () => {
      const temporal = dyingClient(engine.deps.temporal, at);
      const caller = engine.callerFor('strategist');
      const commandId = newCommandId();
      const body = { title: 'A start that nobody answered' };
      const start = { caller, commandId, source: 'http' as const, bodyHash: 'h', body };
      const outcome = await createCommandSender({ ...engine.deps, temporal }).start(start);
      expect(outcome).toMatchObject({ outcome: 'pending' });
      await expire(commandId, 6 * 60_000);
      expect((await engine.drain(commandId)).state).toBe(state);
    });
  }
});
