import { afterEach, describe, expect, it, vi } from 'vitest';
import type { Command, CommandType, ItemMachineEvent } from '../../src/domain/item/commands.ts';
import type { CommandRule } from '../../src/domain/item/moves/command.ts';
import { REQUIREMENTS } from '../../src/domain/item/requirements/catalogue.ts';
import { unmet } from '../../src/domain/item/requirements/question.ts';
import { stepItem, unmetFor } from '../../src/domain/item/run.ts';
import { CAST, TestRun } from './item-fixture.ts';
import { pathsOf } from './item-graph.ts';
import { RUN_AT } from './item-journeys.ts';
import { LINE, type World, worldInput } from './item-world.ts';

/** One text and one post: few enough commands for every path up to its measuring. */
const WORLD: World = {
  ...LINE,
  outcomes: ['published'],
  extras: ['withdraw_handoff', 'decline_handoff', 'cancel'],
};

const CODES = Object.keys(REQUIREMENTS) as (keyof typeof REQUIREMENTS)[];

afterEach(() => {
  vi.restoreAllMocks();
  vi.doUnmock('../../src/domain/item/rules.ts');
  vi.resetModules();
});

interface Life {
  run: TestRun;
  /** What happened, and every command that was accepted. */
  events: ItemMachineEvent[];
}

/** Takes a path as a run does: a command only if nothing is unmet. */
function live(path: readonly ItemMachineEvent[]): Life {
  const run = new TestRun(worldInput(WORLD));
  const events = path.filter((event) => {
    run.at = event.at;
    if (!('actor' in event)) run.happen(event);
    else if (run.unmet(event).length > 0) return false;
    else run.apply(event);
    return true;
  });
  return { run, events };
}

/** Applies what was accepted again, as a replayed run does: nobody asks. */
function replay(events: readonly ItemMachineEvent[]): TestRun {
  const run = new TestRun(worldInput(WORLD));
  for (const event of events) {
    run.at = event.at;
    if ('actor' in event) run.apply(event);
    else run.happen(event);
  }
  return run;
}

describe('what was accepted', () => {
  it('is applied the same by a release whose every requirement refuses, on every path', () => {
    const paths = pathsOf(WORLD, {
      stopWhen: (place) => place === 'measuring',
      without: ({ type }, place, { publications }) =>
        type === 'plan_schedule' && (place !== 'scheduling.planning' || publications.length > 0),
    });
    const fresh = RUN_AT.measuring();
    const lives = paths.map((path) => live(path));
    for (const code of CODES) {
      vi.spyOn(REQUIREMENTS[code], 'check').mockReturnValue(unmet('never again'));
    }
    for (const { run, events } of lives) {
      const again = replay(events);
      expect(JSON.stringify(again.snapshot)).toBe(JSON.stringify(run.snapshot));
      expect(again.events.at(-1)?.hash).toBe(run.events.at(-1)?.hash);
    }
    expect(lives.length).toBeGreaterThan(30);
    expect(() => fresh.give('hold', CAST.strategist, { reason: 'a crisis' })).toThrow();
  });

  it('is never applied as nothing, where this machine has no way for it', () => {
    const asked = RUN_AT.measuring().asked('hold', CAST.strategist, { reason: 'a crisis' });
    expect(() => stepItem(RUN_AT.closed().snapshot, asked)).toThrow('hold was accepted');
  });
});

describe('a command whose requirements are met, and for which the machine has no way', () => {
  it('is refused, not accepted as nothing', async () => {
    vi.resetModules();
    vi.doMock('../../src/domain/item/rules.ts', async (original) => {
      const module = await original<{ COMMAND_RULES: Record<CommandType, CommandRule> }>();
      const { unschedule } = module.COMMAND_RULES;
      const wide = { ...unschedule, in: [...unschedule.in, 'measuring'] };
      return { ...module, COMMAND_RULES: { ...module.COMMAND_RULES, unschedule: wide } };
    });
    const { unmetFor: unmetByRules } = await import('../../src/domain/item/run.ts');
    const run = RUN_AT.measuring();
    const asked = run.asked('unschedule', CAST.manager, {});
    expect(unmetByRules(run.snapshot, 1, asked as Command)).toEqual([
      { code: 'in_stage', message: 'unschedule has no way in measuring' },
    ]);
  });

  it('is told apart from one that changes nothing: the same text again is accepted', () => {
    const run = RUN_AT['creation.drafting']();
    const { draft } = run.context;
    if (draft === null) throw new Error('the item has a draft');
    const asked = run.asked('save_draft', CAST.creator, { draft });
    expect(unmetFor(run.snapshot, 1, asked as Command)).toEqual([]);
    const { snapshot, records } = stepItem(run.snapshot, asked as Command);
    expect([snapshot, records]).toEqual([run.snapshot, []]);
  });
});
