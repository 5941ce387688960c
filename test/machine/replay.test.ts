import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Command, ItemMachineEvent } from '../../src/domain/item/commands.ts';
import { deadlinesOf, eventForDeadline } from '../../src/domain/item/deadlines.ts';
import { chainEvents, GENESIS_HASH, type ItemEvent } from '../../src/domain/item/event.ts';
import {
  type AskedCommand,
  type ReplayedStep,
  type ReplayFault,
  replayItem,
} from '../../src/domain/item/replay/replay.ts';
import {
  type ItemSnapshot,
  placeOf,
  type Step,
  startItem,
  stepItem,
  unmetFor,
} from '../../src/domain/item/run.ts';
import { HOUR, later, MINUTE, START } from './item-fixture.ts';
import { eventsOf, LINE, nowOf, type World, worldInput } from './item-world.ts';

const WORLD: World = {
  ...LINE,
  accounts: ['sandbox', 'second', 'mastodon'],
  briefs: ['brief a', 'brief b'],
  drafts: [1, 2, 3],
  extras: ['withdraw_handoff', 'decline_handoff', 'unschedule', 'open_kpi_review', 'hold'],
  campaign: true,
};

/** A run as the workflow drives it: each command has an id, and every event is a link of one chain. */
class ChainedRun {
  readonly input = worldInput(WORLD);
  readonly commands = new Map<string, AskedCommand>();
  readonly events: ItemEvent[] = [];
  readonly states = new Map<number, ItemSnapshot>();
  snapshot: ItemSnapshot;

  constructor() {
    const step = startItem(this.input);
    this.snapshot = step.snapshot;
    this.#take(step, { at: START, actor: 'mbr_starter', commandId: 'http:key:start' });
  }

  /** A command only if nothing is unmet. */
  take(event: ItemMachineEvent): void {
    if ('actor' in event) {
      if (unmetFor(this.snapshot, this.events.length, event).length > 0) return;
      const id = `http:key:${this.commands.size}`;
      const command = { ...event, id } as Command;
      const { at, ...asked } = command;
      this.commands.set(id, asked as AskedCommand);
      const actor = event.actor.memberId;
      this.#take(stepItem(this.snapshot, command), { at, actor, commandId: id });
    } else {
      const { at } = event;
      this.#take(stepItem(this.snapshot, event), { at, actor: 'system', commandId: null });
    }
  }

  #take(
    { snapshot, records }: Step,
    stamp: { at: string; actor: string; commandId: string | null },
  ): void {
    this.snapshot = snapshot;
    const last = this.events.at(-1);
    const head = { seq: last?.seq ?? 0, hash: last?.hash ?? GENESIS_HASH };
    this.events.push(...chainEvents(head, records, stamp));
    this.states.set(this.events.length, snapshot);
  }
}

/** What takes an item back, or ends it: left out mostly, so that walks get far. */
const BACKWARD = [
  'save_brief',
  'save_draft',
  'hold',
  'withdraw_handoff',
  'decline_handoff',
  'unschedule',
  'campaign_cancelled',
];

/** Walks that never came to these would say little. */
const FAR = [
  'publication.published',
  'publication.unknown',
  'publication.missed',
  'publication.returned',
  'approval.voided',
  'item.held',
  'sla.breached',
  'kpi_checkpoint.recorded',
];

function replay(run: ChainedRun, events: readonly ItemEvent[] = run.events) {
  const steps: ReplayedStep[] = [];
  const generator = replayItem({
    start: { item: run.input, actor: 'mbr_starter', commandId: 'http:key:start' },
    events,
    commandOf: (id) => run.commands.get(id) ?? null,
  });
  for (;;) {
    const next = generator.next();
    if (next.done === true) return { steps, fault: next.value as ReplayFault | null };
    steps.push(next.value);
  }
}

/** What happens next in a walk: mostly what people and services do, now and then what time brings. */
const walk = fc.array(fc.record({ pick: fc.nat(1_000), waits: fc.nat(9) }), {
  minLength: 10,
  maxLength: 120,
  size: 'max',
});

function walked(choices: readonly { pick: number; waits: number }[]): ChainedRun {
  const run = new ChainedRun();
  for (const { pick, waits } of choices) {
    const { context } = run.snapshot;
    const place = placeOf(run.snapshot);
    const last = run.events.at(-1)?.at ?? START;
    const now = [last, nowOf(context)].sort().at(-1) ?? START;
    if (waits === 0) {
      const [deadline] = deadlinesOf(place, context);
      const at = Math.max(deadline?.at ?? 0, Date.parse(now));
      const event =
        deadline === undefined || deadline.kind === 'checkpoint'
          ? null
          : eventForDeadline(deadline, context, at);
      if (event !== null) run.take(event);
      continue;
    }
    const all = eventsOf(place, context, WORLD, later(now, waits * MINUTE));
    const ahead = all.filter(
      ({ type }) => !BACKWARD.includes(type) || (type === 'save_draft' && context.draft === null),
    );
    const events = waits === 1 || ahead.length === 0 ? all : ahead;
    const event = events[pick % Math.max(1, events.length)];
    if (event !== undefined) run.take(event);
  }
  return run;
}

describe('a replay over the chain', () => {
  it('comes to every state that the run was in', () => {
    const seen = new Set<string>();
    fc.assert(
      fc.property(walk, (choices) => {
        const run = walked(choices);
        for (const { type } of run.events) seen.add(type);
        const { steps, fault } = replay(run);
        expect(fault).toBeNull();
        expect(steps.at(-1)?.seq).toBe(run.events.length);
        for (const { seq, snapshot } of steps) expect(snapshot).toEqual(run.states.get(seq));
      }),
      { numRuns: 100, endOnFailure: true },
    );
    expect([...seen]).toEqual(expect.arrayContaining(FAR));
  });

  it('names the event and the field that the machine would not have written', () => {
    fc.assert(
      fc.property(walk, fc.nat(1_000), (choices, pick) => {
        const run = walked(choices);
        const at = pick % run.events.length;
        const events = run.events.map((event, index) =>
          index === at ? { ...event, data: { ...event.data, forged: true } } : event,
        );
        expect(replay(run, events).fault).toMatchObject({ seq: at + 1, field: 'data.forged' });
      }),
      { numRuns: 50, endOnFailure: true },
    );
  });

  it.each([
    ['approval.voided', 1],
    ['item.stage_changed', 2],
  ])('names %s of one decision, though a smaller decision explains the first', (forged, behind) => {
    fc.assert(
      fc.property(walk, (choices) => {
        const run = walked(choices);
        const at = run.events.findIndex(
          ({ type, actor }, index) =>
            type === forged &&
            actor === 'system' &&
            run.events[index - behind]?.type === 'publication.returned',
        );
        fc.pre(at !== -1);
        const events = run.events.map((event, index) =>
          index === at ? { ...event, data: { ...event.data, forged: true } } : event,
        );
        expect(replay(run, events).fault).toMatchObject({ seq: at + 1, field: 'data.forged' });
      }),
      { numRuns: 5, maxSkipsPerRun: 500, endOnFailure: true },
    );
  });

  it('names an event that no command and no decision of the system caused', () => {
    const run = new ChainedRun();
    const seq = run.events.length + 1;
    const forged = { seq, at: later(START, HOUR), hash: '', prevHash: '', data: {} };
    const faultOf = (event: Pick<ItemEvent, 'actor'> & Partial<ItemEvent>) =>
      replay(run, [...run.events, { ...forged, type: 'approval.decided', ...event }]).fault;
    expect(faultOf({ actor: 'mbr_1' })).toMatchObject({ seq, field: 'actor' });
    expect(faultOf({ actor: 'system' })).toMatchObject({ seq, field: 'type' });
    const data = { commandId: 'http:key:nobody' };
    expect(faultOf({ actor: 'mbr_1', data })).toMatchObject({ seq, field: 'data.commandId' });
  });
});
