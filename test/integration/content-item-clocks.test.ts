import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { insertMember, updateMember } from '../../src/db/workspace/members.ts';
import { insertPlaybook } from '../../src/db/workspace/playbooks.ts';
import { derivedId, itemWorkflowId } from '../../src/domain/ids.ts';
import type { ItemContext, StageClock } from '../../src/domain/item/context.ts';
import { Playbook } from '../../src/domain/playbook/playbook.ts';
import { STANDARD_PLAYBOOK } from '../../src/domain/playbook/standard.ts';
import { makeBrief } from '../support/content.ts';
import { makeWorkspace } from '../support/db-fixture.ts';
import { eventually } from '../support/eventually.ts';
import { type ItemEngine, newCommandId, openItemEngine } from '../support/item-engine.ts';
import { DAY_MS, HOUR_MS, toCreation, toOffered } from '../support/item-story.ts';

let engine: ItemEngine;
beforeAll(async () => {
  engine = await openItemEngine();
});
afterAll(() => engine?.close());

const STEP_TYPES = ['sla.warned', 'sla.warned', 'sla.breached', 'item.escalated'];

function clockOf({ clock }: ItemContext): StageClock {
  if (clock === null) throw new Error('no clock runs');
  return clock;
}

/** Events of the stage's clock, in order. */
async function clockEvents(itemId: string) {
  const types = new Set(STEP_TYPES);
  return (await engine.chain(itemId)).filter(({ type }) => types.has(type));
}

/** Timers that the run has started and cancelled so far. */
async function timers(itemId: string): Promise<{ started: number; canceled: number }> {
  const handle = engine.deps.temporal.workflow.getHandle(itemWorkflowId(itemId));
  const events = (await handle.fetchHistory()).events ?? [];
  return {
    started: events.filter((event) => event.timerStartedEventAttributes).length,
    canceled: events.filter((event) => event.timerCanceledEventAttributes).length,
  };
}

describe('the clock of a stage', () => {
  it('warns at 50 and 80 %, breaches at 100 % and escalates at 150 %, each at its time', async () => {
    const itemId = await engine.start();
    const { steps } = clockOf(await engine.context(itemId));
    const started = performance.now();
    await engine.travel(itemId, { to: new Date(steps[3] + 60_000).toISOString() });
    const events = await eventually(async () => {
      const found = await clockEvents(itemId);
      return found.length === 4 ? found : null;
    });
    // While its worker is busy, a run's clock goes on as ours does.
    const busyMs = performance.now() - started;
    expect(events.map(({ type }) => type)).toEqual(STEP_TYPES);
    expect(events.map(({ data }) => data['percent'])).toEqual([50, 80, 100, 150]);
    for (const [index, { at }] of events.entries()) {
      const late = Date.parse(at) - (steps[index] ?? 0);
      expect(late).toBeGreaterThanOrEqual(0);
      expect(late).toBeLessThan(5_000 + busyMs);
    }
    expect((await engine.item(itemId)).stage).toBe('briefing');
  });

  it('is not reset by a save, which arms no other timer', async () => {
    const itemId = await engine.start();
    const before = clockOf(await engine.context(itemId));
    for (const pillar of ['craft', 'trade', 'people']) {
      await engine.apply('strategist', itemId, 'save_brief', { brief: makeBrief({ pillar }) });
    }
    expect(clockOf(await engine.context(itemId))).toEqual(before);
    expect(await timers(itemId)).toEqual({ started: 1, canceled: 0 });
  });

  it('stands still on hold, and goes on shifted by the pause', async () => {
    const itemId = await engine.start();
    const before = clockOf(await engine.context(itemId));
    const entered = (await engine.item(itemId)).stageEnteredAt;
    await engine.apply('strategist', itemId, 'hold', { reason: 'the client thinks' });
    await engine.travel(itemId, { byMs: 20 * DAY_MS });
    expect(await clockEvents(itemId)).toEqual([]);
    await engine.apply('strategist', itemId, 'resume', { reason: 'the client has thought' });
    const after = clockOf(await engine.context(itemId));
    const shifts = after.steps.map((step, index) => step - (before.steps[index] ?? 0));
    expect(new Set(shifts).size).toBe(1);
    expect(shifts[0]).toBeGreaterThanOrEqual(20 * DAY_MS);
    expect(await engine.item(itemId)).toMatchObject({ stage: 'briefing', stageEnteredAt: entered });
    await engine.travel(itemId, { to: 'next_deadline' });
    expect((await clockEvents(itemId)).map(({ type }) => type)).toEqual(['sla.warned']);
  });

  it('starts anew when it is extended; a deadline that moves later leaves the timer alone', async () => {
    const itemId = await engine.start();
    const [firstStep] = clockOf(await engine.context(itemId)).steps;
    const until = new Date(Date.now() + 60 * DAY_MS).toISOString();
    await engine.apply('strategist', itemId, 'extend', { reason: 'summer', until });
    expect(await timers(itemId)).toEqual({ started: 1, canceled: 0 });
    await engine.travel(itemId, { to: new Date(firstStep + HOUR_MS).toISOString() });
    expect(await clockEvents(itemId)).toEqual([]);
    await engine.travel(itemId, { to: 'next_deadline' });
    const [warned] = await clockEvents(itemId);
    const half = clockOf(await engine.context(itemId)).steps[0];
    expect(warned).toMatchObject({ type: 'sla.warned', data: { percent: 50 } });
    expect(Date.parse(warned?.at ?? '')).toBeGreaterThanOrEqual(half);
  });

  it('lets the backup of the assignee accept after a breach, not before', async () => {
    const { db } = engine.deps;
    const { workspaceId, memberOf } = engine.workspace;
    const backup = await insertMember(db, { workspaceId, name: 'Bo', roles: ['creator'] });
    const assignee = { workspaceId, memberId: memberOf('creator') };
    await updateMember(db, { ...assignee, change: { backupId: backup.id } });
    const itemId = await engine.start({ team: { creator: assignee.memberId } });
    await toOffered(engine, itemId);
    const caller = { workspaceId, memberId: backup.id, roles: ['creator' as const] };
    const offer = { handoffId: derivedId('handoff', itemId, 1) };
    const early = await engine.verdict('creator', itemId, 'accept_handoff', offer, { caller });
    expect(early).toMatchObject({ outcome: 'refused', unmet: [{ code: 'is_receiver' }] });
    const due = clockOf(await engine.context(itemId)).steps[2];
    await engine.travel(itemId, { to: new Date(due + 60_000).toISOString() });
    const late = await engine.verdict('creator', itemId, 'accept_handoff', offer, { caller });
    expect(late).toMatchObject({ outcome: 'applied', answer: { stage: 'creation' } });
    expect((await engine.context(itemId)).team.creator).toBe(backup.id);
  });

  it('never approves by itself: a stage stays where it is, however long it waits', async () => {
    const itemId = await engine.start();
    await toOffered(engine, itemId);
    await engine.travel(itemId, { byMs: 60 * DAY_MS });
    expect(await engine.item(itemId)).toMatchObject({ stage: 'briefing', substage: 'offered' });
  });
});

describe('a playbook', () => {
  it('has the run itself hold, return or cancel what is overdue', async () => {
    const ends = { hold: 'on_hold', cancel: 'cancelled', return: 'briefing' } as const;
    const { workspaceId } = engine.workspace;
    for (const [policy, stage] of Object.entries(ends)) {
      const playbook = Playbook.parse({
        ...STANDARD_PLAYBOOK,
        name: `overdue_${policy}`,
        overdue: { briefing: policy },
      });
      await insertPlaybook(engine.deps.db, { workspaceId, playbook });
      const itemId = await engine.start({ playbook: playbook.name });
      await toOffered(engine, itemId);
      const { steps } = clockOf(await engine.context(itemId));
      // One that is cancelled on the way does not arrive.
      await engine
        .travel(itemId, { to: new Date(steps[3] + 60_000).toISOString() })
        .catch(() => {});
      const row = await eventually(async () => {
        const found = await engine.item(itemId);
        return found.stage === stage && found.substage !== 'offered' && found;
      });
      const escalated = (await clockEvents(itemId)).at(-1);
      expect(escalated).toMatchObject({
        type: 'item.escalated',
        data: { policy },
        actor: 'system',
      });
      expect(row.waitingOn.map((wait) => wait.for)).toEqual(
        { hold: ['resume'], cancel: [], return: ['offer_handoff'] }[policy],
      );
    }
  });
});

describe('a held slot', () => {
  it('is released when nothing is approved in time; the stage stays', async () => {
    const itemId = await engine.start();
    await toCreation(engine, itemId);
    const at = new Date(Date.now() + 8 * HOUR_MS).toISOString();
    const { publications } = await engine.apply('social_media_manager', itemId, 'plan_schedule', {
      publications: [{ channelAccountId: engine.channelAccountId, at }],
    });
    expect(publications).toMatchObject([{ state: 'tentative' }]);
    await engine.travel(itemId, { byMs: 7 * HOUR_MS + 60_000 });
    const context = await engine.until(
      itemId,
      'a released slot',
      (now) => now.publications[0]?.state === 'skipped',
    );
    expect(context).toMatchObject({
      stage: 'creation',
      publications: [{ evidence: 'not approved in time' }],
    });
  });
});

describe('a stage', () => {
  it('begins its clock in the calendar of the workspace', async () => {
    const { db } = engine.deps;
    const workspace = await makeWorkspace(db);
    const caller = {
      workspaceId: workspace.workspaceId,
      memberId: workspace.memberOf('strategist'),
      roles: ['strategist' as const],
    };
    const started = await engine.sender.start({
      caller,
      commandId: newCommandId(),
      source: 'http',
      bodyHash: 'c',
      body: { title: 'Business days only' },
    });
    if (started.outcome !== 'applied') throw new Error(JSON.stringify(started));
    const { itemId } = started;
    const row = await engine.sender.inquire({ caller, itemId });
    expect(row).not.toBeNull();
    const state = await engine.runState(itemId);
    const due = new Date(clockOf(state.snapshot.context).steps[2]);
    expect([0, 6]).not.toContain(due.getUTCDay());
  });
});
