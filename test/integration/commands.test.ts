import { randomUUID } from 'node:crypto';
import { sql } from 'drizzle-orm';
import { Pool } from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CommandOutcome, CommandRequest } from '../../src/commands/command-outcome.ts';
import { createCommandSender } from '../../src/commands/command-sender.ts';
import { deliverCommand } from '../../src/commands/deliver-command.ts';
import { startDrainer } from '../../src/commands/queue/drainer.ts';
import { insertCommand, takeFence } from '../../src/db/item/commands.ts';
import { insertChannelAccount } from '../../src/db/workspace/channel-accounts.ts';
import { derivedId } from '../../src/domain/ids.ts';
import { verifyChain } from '../../src/domain/item/event.ts';
import { findFaults } from '../support/command-checks.ts';
import { makeBrief, makeDraft, tickedChecklist } from '../support/content.ts';
import { makeWorkspace } from '../support/db-fixture.ts';
import { type DyingAt, dyingClient } from '../support/dying-client.ts';
import { eventually } from '../support/eventually.ts';
import { type ItemEngine, newCommandId, openItemEngine } from '../support/item-engine.ts';
import { approve, HOUR_MS, plan, toCreation, toOffered, toReview } from '../support/item-story.ts';

let engine: ItemEngine;
beforeAll(async () => {
  engine = await openItemEngine();
});
afterAll(() => engine?.close());

/** The same engine, seen by an API process that dies around its call. */
function dyingEngine(at: DyingAt): Pick<ItemEngine, 'sender'> {
  const temporal = dyingClient(engine.deps.temporal, at);
  return { sender: createCommandSender({ ...engine.deps, temporal }) };
}

function savesBrief(
  itemId: string,
  commandId = newCommandId(),
  keyMessage = 'one message',
): CommandRequest {
  const body = { brief: makeBrief({ keyMessage }) };
  const caller = engine.callerFor('strategist');
  const bodyHash = JSON.stringify(body);
  return { caller, itemId, commandId, type: 'save_brief', body, source: 'http', bodyHash };
}

/** Sends the same id again until it is answered. */
function verdictOf(request: CommandRequest): Promise<CommandOutcome> {
  return eventually(async () => {
    const outcome = await engine.sender.send(request);
    return outcome.outcome === 'pending' ? null : outcome;
  });
}

function refusal(outcome: CommandOutcome): string[] {
  if (outcome.outcome !== 'refused') throw new Error(JSON.stringify(outcome));
  return outcome.unmet.map(({ code }) => code);
}

async function eventsOf(itemId: string, commandId: string) {
  return (await engine.chain(itemId)).filter((event) => event.commandId === commandId);
}

describe('one id sent more than once', () => {
  it('is applied once and answered the same', async () => {
    const itemId = await engine.start();
    const request = savesBrief(itemId);
    const first = await engine.sender.send(request);
    expect(first).toMatchObject({ outcome: 'applied', answer: { stage: 'briefing', version: 1 } });
    await engine.apply('strategist', itemId, 'save_brief', { brief: makeBrief() });
    expect(await engine.sender.send(request)).toEqual(first);
    expect(await eventsOf(itemId, request.commandId)).toHaveLength(1);
  });

  it('is applied once and answered the same when twenty arrive together', async () => {
    const itemId = await engine.start();
    await toOffered(engine, itemId);
    const commandId = newCommandId();
    const offer = { handoffId: derivedId('handoff', itemId, 1) };
    const outcomes = await Promise.all(
      Array.from({ length: 20 }, () =>
        engine.verdict('creator', itemId, 'accept_handoff', offer, { commandId }),
      ),
    );
    expect(outcomes[0]).toMatchObject({ outcome: 'applied', answer: { stage: 'creation' } });
    for (const outcome of outcomes) expect(outcome).toEqual(outcomes[0]);
    expect(await eventsOf(itemId, commandId)).toHaveLength(1);
    expect((await engine.item(itemId)).seq).toBe((await engine.runState(itemId)).seq);
  });

  it('is a conflict with another body, and with another command', async () => {
    const itemId = await engine.start();
    const request = savesBrief(itemId);
    await engine.sender.send(request);
    const conflict = { outcome: 'idempotency_conflict', commandId: request.commandId };
    expect(await engine.sender.send(savesBrief(itemId, request.commandId, 'another'))).toEqual(
      conflict,
    );
    const other: CommandRequest = { ...request, type: 'hold', body: { reason: 'x' } };
    expect(await engine.sender.send(other)).toEqual(conflict);
    expect(await eventsOf(itemId, request.commandId)).toHaveLength(1);
  });

  it('stays refused, even when it would be accepted by now', async () => {
    const itemId = await engine.start();
    const commandId = newCommandId();
    const offer = () =>
      engine.verdict(
        'strategist',
        itemId,
        'offer_handoff',
        { checklist: tickedChecklist('brief') },
        { commandId },
      );
    const first = await offer();
    expect(refusal(first)).toEqual(['brief_complete', 'targets_set']);
    await engine.apply('strategist', itemId, 'save_brief', { brief: makeBrief() });
    expect(await offer()).toEqual(first);
    expect((await engine.item(itemId)).substage).toBe('drafting');
  });

  it('adds nothing to the history of the run when it is refused', async () => {
    const itemId = await engine.start();
    await engine.apply('strategist', itemId, 'save_brief', { brief: makeBrief() });
    const before = await engine.historyLength(itemId);
    const offer = { handoffId: derivedId('handoff', itemId, 1) };
    for (let count = 0; count < 5; count += 1) {
      const outcome = await engine.verdict('creator', itemId, 'accept_handoff', offer);
      expect(refusal(outcome)).toEqual(['in_stage']);
    }
    expect(await engine.historyLength(itemId)).toBe(before);
  });
});

describe('conditions of a command', () => {
  it('refuse a basis that has changed', async () => {
    const itemId = await engine.start();
    const { seq } = await engine.apply('strategist', itemId, 'save_brief', { brief: makeBrief() });
    const brief = makeBrief({ pillar: 'trade' });
    const stale = { brief, basisSeq: seq - 1 };
    expect(refusal(await engine.verdict('strategist', itemId, 'save_brief', stale))).toEqual([
      'basis_changed',
    ]);
    const current = { brief, basisSeq: seq };
    expect(await engine.verdict('strategist', itemId, 'save_brief', current)).toMatchObject({
      outcome: 'applied',
    });
  });

  it('refuse a command that expired, by the clock of the item', async () => {
    const itemId = await engine.start();
    const inAnHour = new Date(Date.now() + 3_600_000).toISOString();
    await engine.travel(itemId, { byMs: 2 * 3_600_000 });
    const body = { reason: 'pause', expiresAt: inAnHour };
    expect(refusal(await engine.verdict('strategist', itemId, 'hold', body))).toEqual([
      'command_expired',
    ]);
  });

  it('let one of two saves of the same version through', async () => {
    const itemId = await engine.start();
    const { hash = '' } = await engine.apply('strategist', itemId, 'save_brief', {
      brief: makeBrief(),
    });
    const outcomes = await Promise.all(
      ['one', 'two', 'three', 'four'].map((keyMessage) =>
        engine.verdict(
          'strategist',
          itemId,
          'save_brief',
          { brief: makeBrief({ keyMessage }) },
          { ifMatch: hash },
        ),
      ),
    );
    const current = (await engine.context(itemId)).brief?.hash;
    expect(outcomes.filter(({ outcome }) => outcome === 'applied')).toHaveLength(1);
    expect(outcomes.filter(({ outcome }) => outcome === 'version_conflict')).toHaveLength(3);
    expect(outcomes).toContainEqual({ outcome: 'version_conflict', current });
  });

  it('name the current version when another one was expected', async () => {
    const itemId = await engine.start();
    const { hash } = await engine.apply('strategist', itemId, 'save_brief', {
      brief: makeBrief(),
    });
    const send = (ifMatch: string) =>
      engine.verdict(
        'strategist',
        itemId,
        'save_brief',
        { brief: makeBrief({ pillar: 'trade' }) },
        { ifMatch },
      );
    expect(await send('0'.repeat(64))).toEqual({ outcome: 'version_conflict', current: hash });
    expect(await send('*')).toMatchObject({ outcome: 'applied' });
  });

  it('hide the items of another workspace', async () => {
    const itemId = await engine.start();
    const foreign = await makeWorkspace(engine.deps.db);
    const caller = {
      workspaceId: foreign.workspaceId,
      memberId: foreign.memberOf('strategist'),
      roles: ['strategist' as const],
    };
    const outcome = await engine.verdict('strategist', itemId, 'hold', { reason: 'x' }, { caller });
    expect(outcome).toEqual({ outcome: 'not_found', what: 'item' });
    expect(await engine.sender.inquire({ caller, itemId })).toBeNull();
  });
});

describe('a command whose verdict nobody could give', () => {
  it('is pending without a worker, and settled once when one is back', async () => {
    const itemId = await engine.start();
    const request = savesBrief(itemId);
    await engine.stopWorker();
    let pending: CommandOutcome;
    try {
      pending = await engine.sender.send(request);
    } finally {
      await engine.startWorker();
    }
    expect(pending).toEqual({ outcome: 'pending', commandId: request.commandId });
    const row = await engine.drain(request.commandId);
    expect(row).toMatchObject({ state: 'applied', answer: { version: 1 } });
    expect(await eventsOf(itemId, request.commandId)).toHaveLength(1);
    const outcome = await engine.sender.send(request);
    expect(outcome).toMatchObject({ outcome: 'applied', answer: row.answer });
  });

  for (const at of ['before_engine', 'after_engine'] as const) {
    it(`is settled by the drainer when the API died ${at.replace('_', ' the ')}`, async () => {
      const itemId = await engine.start();
      const request = savesBrief(itemId);
      const died = await dyingEngine(at).sender.send(request);
      expect(died).toEqual({ outcome: 'pending', commandId: request.commandId });
      const run = await engine.runState(itemId);
      expect(run.seq).toBe(at === 'after_engine' ? 2 : 1);
      const row = await engine.drain(request.commandId);
      expect(row).toMatchObject({
        state: 'applied',
        appliedSeq: 2,
        answer: { seq: 2, version: 1 },
      });
      expect(await eventsOf(itemId, request.commandId)).toHaveLength(1);
      expect(await engine.item(itemId)).toMatchObject({ seq: 2 });
    });
  }

  it('leaves no gap: the next batch of the run brings its events along', async () => {
    const itemId = await engine.start();
    const request = savesBrief(itemId);
    await dyingEngine('after_engine').sender.send(request);
    expect(await engine.chain(itemId)).toHaveLength(1);
    await engine.travel(itemId, { to: 'next_deadline' });
    const chain = await eventually(async () => {
      const events = await engine.chain(itemId);
      return events.length >= 3 ? events : null;
    });
    expect(chain.map(({ type }) => type)).toEqual(['item.started', 'brief.saved', 'sla.warned']);
    expect(verifyChain(chain)).toBeNull();
    expect((await engine.command(request.commandId)).state).toBe('pending');
    const row = await engine.drain(request.commandId);
    expect(row.answer).toMatchObject({ seq: 2, stage: 'briefing' });
  });

  it('is settled by the drainer that runs in the background', async () => {
    const itemId = await engine.start();
    const request = savesBrief(itemId);
    await dyingEngine('after_engine').sender.send(request);
    const drainer = startDrainer(engine.deps, { pauseMs: 50 });
    try {
      await eventually(async () => (await engine.command(request.commandId)).state === 'applied');
    } finally {
      await drainer.stop();
    }
    expect(await eventsOf(itemId, request.commandId)).toHaveLength(1);
  });

  it('is applied in the order of its arrival at the run, whoever projects first', async () => {
    const itemId = await engine.start();
    const lost = savesBrief(itemId);
    await dyingEngine('after_engine').sender.send(lost);
    // Behind the lost one, which is sent first.
    const same = await verdictOf(savesBrief(itemId));
    expect(same).toMatchObject({ outcome: 'applied', answer: { seq: 2 } });
    const later = await verdictOf(savesBrief(itemId, newCommandId(), 'another'));
    expect(later).toMatchObject({ outcome: 'applied', answer: { seq: 3 } });
    await engine.drain(lost.commandId);
    const chain = await engine.chain(itemId);
    expect(chain).toHaveLength(3);
    expect(verifyChain(chain)).toBeNull();
  });
});

describe('the fence', () => {
  /** A stored command that nobody has sent, with the right to send it. */
  async function stored(itemId: string, message: object) {
    const { workspaceId } = engine.workspace;
    const id = newCommandId();
    const inserted = await insertCommand(engine.deps.db, {
      id,
      workspaceId,
      itemId,
      source: 'http',
      bodyHash: id,
      actorId: engine.workspace.memberOf('strategist'),
      type: 'hold',
      payload: { kind: 'command', message: { ...message, id } },
      expiresAt: new Date(Date.now() + 3_600_000).toISOString(),
    });
    if (inserted.conflict) throw new Error('the id was taken');
    return inserted.row;
  }

  function holds() {
    const actor = { memberId: engine.workspace.memberOf('strategist'), roles: ['strategist'] };
    return { type: 'hold', actor: { ...actor, platformTags: {}, backupFor: [] }, facts: {} };
  }

  it('lets one sender of twenty through', async () => {
    const itemId = await engine.start();
    const row = await stored(itemId, { ...holds(), refs: { reason: 'x' } });
    const attempts = await Promise.all(
      Array.from({ length: 20 }, () => takeFence(engine.deps.db, row)),
    );
    expect(attempts.filter((attempt) => attempt !== null)).toEqual([1]);
  });

  it('is what keeps one id from being refused and applied', async () => {
    const itemId = await engine.start();
    const { workspaceId } = engine.workspace;
    const offer = {
      type: 'offer_handoff',
      actor: holds().actor,
      refs: { checklist: Object.keys(tickedChecklist('brief')) },
      facts: { holders: { creator: [engine.workspace.memberOf('creator')] } },
    };
    const row = await stored(itemId, offer);
    // Two senders that both believe to be the first, as if nobody had asked for the fence.
    const refused = await deliverCommand(engine.deps, row, 0);
    expect(refused).toMatchObject({ state: 'refused' });
    await engine.apply('strategist', itemId, 'save_brief', { brief: makeBrief() });
    await deliverCommand(engine.deps, row, 0);
    const found = (await findFaults(engine.deps.db, { workspaceId })).filter((fault) =>
      fault.startsWith(row.id),
    );
    expect(found).toEqual([`${row.id} (hold): refused and applied`]);
  });

  it('throws away the refusal of a sender that has lost it', async () => {
    const itemId = await engine.start();
    const row = await stored(itemId, { ...holds(), refs: {} });
    const lost = await takeFence(engine.deps.db, { ...row, leaseMs: 1 });
    const own = await eventually(() => takeFence(engine.deps.db, row));
    expect([lost, own]).toEqual([1, 2]);
    expect(await deliverCommand(engine.deps, row, 1)).toBeNull();
    expect((await engine.command(row.id)).state).toBe('pending');
    expect(await deliverCommand(engine.deps, row, 2)).toMatchObject({ state: 'refused' });
  });
});

describe('an item that is closed', () => {
  async function cancelled(itemId: string): Promise<void> {
    await engine.apply('strategist', itemId, 'cancel', { reason: 'not needed' });
    await closed(itemId);
  }

  async function closed(itemId: string): Promise<void> {
    await eventually(async () => {
      const { temporal } = engine.deps;
      const { status } = await temporal.workflow.getHandle(`item:${itemId}`).describe();
      return status.name === 'COMPLETED';
    });
  }

  it('refuses a new command, and answers an old one as before', async () => {
    const itemId = await engine.start();
    const request = savesBrief(itemId);
    const first = await engine.sender.send(request);
    await cancelled(itemId);
    const late = await engine.verdict('strategist', itemId, 'hold', { reason: 'late' });
    expect(refusal(late)).toEqual(['item_closed']);
    expect(await engine.sender.send(request)).toEqual(first);
  });

  it('still gives the answer of a command that it applied and nobody heard of', async () => {
    const itemId = await engine.start();
    const request = savesBrief(itemId);
    await dyingEngine('after_engine').sender.send(request);
    await cancelled(itemId);
    const row = await engine.drain(request.commandId);
    expect(row).toMatchObject({ state: 'applied', answer: { seq: 2, stage: 'briefing' } });
    expect(verifyChain(await engine.chain(itemId))).toBeNull();
  });

  it('refuses a command that died before it reached the run', async () => {
    const itemId = await engine.start();
    const request = savesBrief(itemId);
    await dyingEngine('before_engine').sender.send(request);
    // As a process leaves it that cannot even write down that it failed.
    await engine.deps.db.execute(
      sql`update commands set is_queued = false where item_id = ${itemId}`,
    );
    await engine.deps.db.execute(sql`delete from command_queues where item_id = ${itemId}`);
    await cancelled(itemId);
    const row = await engine.drain(request.commandId);
    expect(row).toMatchObject({ state: 'refused', unmet: [{ code: 'item_closed' }] });
    expect(await eventsOf(itemId, request.commandId)).toHaveLength(0);
  });

  it('closes although a batch of events waits while another is being recorded', async () => {
    const { db } = engine.deps;
    const { workspaceId } = engine.workspace;
    const second = await insertChannelAccount(db, {
      workspaceId,
      channel: 'sandbox',
      name: randomUUID(),
      zone: 'UTC',
    });
    const itemId = await engine.start();
    await approve(engine, itemId, await toReview(engine, itemId));
    await plan(engine, itemId, { accounts: [engine.channelAccountId, second.id] });
    await engine.travel(itemId, { to: 'next_deadline' });
    await engine.until(itemId, 'measuring', ({ stage }) => stage === 'measuring');
    // The row is locked, so the batch of the first checkpoint waits when the second one is recorded.
    const seq = await whileItemIsLocked(itemId, async () => {
      engine.travel(itemId, { byMs: HOUR_MS }).catch(() => {});
      const { seq } = await eventually(async () => {
        const run = await engine.runState(itemId);
        const { checkpoints } = run.snapshot.context;
        return checkpoints.filter(({ state }) => state === 'recorded').length === 2 ? run : null;
      });
      void engine.verdict('strategist', itemId, 'cancel', { reason: 'not needed' });
      await eventually(async () => (await engine.runState(itemId)).seq > seq);
      return seq;
    });
    await closed(itemId);
    expect((await engine.item(itemId)).seq).toBeGreaterThan(seq);
    expect(verifyChain(await engine.chain(itemId))).toBeNull();
  });
});

/** Nobody can write the item's row meanwhile; other rows may still refer to it. */
async function whileItemIsLocked<T>(itemId: string, work: () => Promise<T>): Promise<T> {
  const { $client: pool } = engine.deps.db;
  if (!(pool instanceof Pool)) throw new Error('the engine works over a pool');
  const client = await pool.connect();
  try {
    await client.query('begin');
    await client.query('select id from items where id = $1 for no key update', [itemId]);
    return await work();
  } finally {
    await client.query('rollback');
    client.release();
  }
}

describe('actions', () => {
  it('agree with what the run answers, command by command', async () => {
    const itemId = await engine.start();
    await toCreation(engine, itemId);
    await engine.apply('creator', itemId, 'save_draft', { draft: makeDraft() });
    for (const role of ['strategist', 'creator', 'social_media_manager', 'editor'] as const) {
      const actions = await engine.sender.inquire({ caller: engine.callerFor(role), itemId });
      const of = (command: string) => actions?.find((action) => action.command === command);
      for (const [command, body] of [
        ['submit_for_review', { checklist: {} }],
        ['withdraw_handoff', { handoffId: derivedId('handoff', itemId, 1) }],
        ['acknowledge_revision', {}],
        ['unschedule', {}],
        ['open_kpi_review', {}],
      ] as const) {
        const outcome = await engine.verdict(role, itemId, command, body);
        if (outcome.outcome !== 'refused') throw new Error(JSON.stringify(outcome));
        const stated = of(command)?.unmet.map(({ code }) => code) ?? [];
        const answered = outcome.unmet.map(({ code }) => code);
        expect(answered, `${role} ${command}`).toEqual(expect.arrayContaining(stated));
        // What only the payload breaks is not stated: here the empty checklist.
        const rest = answered.filter((code) => !stated.includes(code));
        expect(rest.every((code) => code.startsWith('checklist.'))).toBe(true);
      }
    }
  });
});
