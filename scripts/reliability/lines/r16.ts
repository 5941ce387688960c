import { transition } from 'xstate';
import type {
  Command,
  CommandType,
  ItemMachineEvent,
  SystemEvent,
} from '../../../src/domain/item/commands.ts';
import type { ItemContext } from '../../../src/domain/item/context.ts';
import { itemMachine, MACHINE_VERSION } from '../../../src/domain/item/item.machine.ts';
import { type ItemSnapshot, placeOf, unmetFor } from '../../../src/domain/item/run.ts';
import { PLACES, type Place } from '../../../src/domain/item/stages.ts';
import { ROLES, type Role } from '../../../src/domain/people/roles.ts';
import { COMMAND_TABLE } from '../../../test/machine/command-table.ts';
import { actorsOf, CAST } from '../../../test/machine/item-fixture.ts';
import { graphOf, oneOfAKind, stateValueOf } from '../../../test/machine/item-graph.ts';
import { faultsBetween, faultsOf, refusedAccounts } from '../../../test/machine/item-invariants.ts';
import {
  RUN_AT,
  toRefused,
  toReviewedRefusal,
  toReviewing,
} from '../../../test/machine/item-journeys.ts';
import { completeCommand } from '../../../test/machine/item-payloads.ts';
import { systemEventsAbout } from '../../../test/machine/item-system-events.ts';
import { nowOf } from '../../../test/machine/item-world.ts';
import { WORLDS } from '../../../test/machine/item-worlds.ts';
import type { Line, Outcome } from '../line.ts';
import { seededRandom, shuffled } from '../random.ts';

const COMMANDS = Object.keys(COMMAND_TABLE) as CommandType[];
const WHO = ['same', 'other'] as const;
type Who = (typeof WHO)[number];

/** A kind of state, as the machine stores it. */
interface State {
  place: Place;
  context: ItemContext;
}

/**
 * Every command by every role, as the assigned member or author and as somebody else, and every event
 * that happens by itself, in one state of each kind that an item can be in. Who may do what is a table of
 * its own, written down from the design; what must hold of a transition is in the invariants of the tests.
 */
export const R16: Line = {
  id: 'R16',
  title: 'kinds of states: each command by each role, same and other actor; each system event',
  target: 'every place × event × role × actor is tried, no illegal transition is accepted',
  protection: 'the requirements that a command is judged by',
  full: 5_000,
  small: 17,
  async run(_, { n, seed, control, progress }) {
    const states = statesOf(n, seed);
    progress(`${states.length} kinds of states`);
    const judge = control ? () => [] : unmetIn;
    const tally = newTally();
    for (const state of states) {
      tryCommands(judge, state, tally);
      trySystemEvents(state, tally);
    }
    return outcomeOf(tally);
  },
};

/** Codes of what stands in the way of a command. Without this protection whoever gives one may. */
type Judge = (state: State, asked: Command) => string[];

function unmetIn({ place, context }: State, asked: Command): string[] {
  const snapshot = { machineVersion: MACHINE_VERSION, value: stateValueOf(place), context };
  return unmetFor(snapshot, 0, asked).map(({ code }) => code);
}

/** One state in each place, and what no small world reaches; then the worlds, in an order by the seed. */
function statesOf(n: number, seed: number): State[] {
  const signed = toReviewing();
  signed.give('sign_off', CAST.strategist, { role: 'strategist', decision: 'scale' });
  const held = toRefused();
  held.give('hold', CAST.strategist, { reason: 'a crisis' });
  const first = [
    ...PLACES.map((place) => RUN_AT[place]()),
    signed,
    toRefused(),
    toReviewedRefusal(),
    held,
  ].map(({ place, context }) => ({ place, context }));
  if (n <= first.length) return first.slice(0, n);
  const nodes = Object.values(WORLDS).flatMap(({ world, bounds }) => [
    ...graphOf(world, bounds).values(),
  ]);
  return [...first, ...shuffled(oneOfAKind(nodes), seededRandom(seed))].slice(0, n);
}

interface Tally {
  tried: Set<string>;
  /** Legal cells of the table in which something was accepted. */
  accepted: Set<string>;
  attempts: number;
  refused: number;
  /** Allowed by every requirement, and yet nothing happened. */
  lost: number;
  violations: Set<string>;
}

function newTally(): Tally {
  const none = { attempts: 0, refused: 0, lost: 0 };
  return { tried: new Set(), accepted: new Set(), violations: new Set(), ...none };
}

interface Taken {
  after: State;
  isChanged: boolean;
}

/** What the machine makes of an event; of a command once it is accepted. */
function take({ place, context }: State, event: ItemMachineEvent): Taken {
  const before = itemMachine.resolveState({ value: stateValueOf(place) as never, context });
  const [next, actions] = transition(itemMachine, before, event);
  const after = {
    place: placeOf({ value: next.value as ItemSnapshot['value'] }),
    context: next.context,
  };
  const isChanged =
    actions.length > 0 ||
    after.place !== place ||
    (after.context !== context && JSON.stringify(after.context) !== JSON.stringify(context));
  return { after, isChanged };
}

function tryCommands(judge: Judge, state: State, tally: Tally): void {
  const { place, context } = state;
  const at = nowOf(context);
  for (const type of COMMANDS) {
    for (const role of ROLES) {
      for (const who of WHO) {
        const cell = `${place} ${type} ${role} ${who}`;
        tally.tried.add(cell);
        tally.attempts += 1;
        const asked = completeCommand(type, { context, at }, actorsOf(role)[who]);
        tryCommand(judge, state, { asked, cell, role, who }, tally);
      }
    }
  }
}

function tryCommand(
  judge: Judge,
  state: State,
  { asked, cell, role, who }: { asked: Command; cell: string; role: Role; who: Who },
  tally: Tally,
): void {
  let taken: Taken;
  try {
    if (judge(state, asked).length > 0) {
      tally.refused += 1;
      return;
    }
    taken = take(state, asked);
  } catch (error) {
    tally.violations.add(`${cell}: ${error instanceof Error ? error.message : error}`);
    return;
  }
  if (!taken.isChanged) {
    tally.lost += 1;
    tally.violations.add(`${cell}: allowed, and nothing happened`);
    return;
  }
  if (!isLegal(state, asked, role, who)) tally.violations.add(`${cell}: accepted, and not legal`);
  for (const fault of faultsAfter(state, asked, taken.after)) {
    tally.violations.add(`${cell}: ${fault}`);
  }
  tally.accepted.add(`${state.place} ${asked.type} ${role}`);
}

/** By the table of the design alone. */
function isLegal({ place, context }: State, { type, actor }: Command, role: Role, who: Who) {
  const allowed = allowedIn(place, context, type);
  if (allowed === undefined || !allowed.by.includes(role)) return false;
  if (allowed.only === 'refused' && refusedAccounts(context).length === 0) return false;
  if (allowed.who === 'receiver' && who !== 'same') return false;
  return allowed.who !== 'not_author' || !context.authors.includes(actor.memberId);
}

/** On hold, who answers for the place that was left answers for the item. */
function allowedIn(place: Place, { heldFrom }: ItemContext, type: CommandType) {
  if (place !== 'on_hold' || heldFrom === null) return COMMAND_TABLE[type][place];
  if (type === 'resume') return COMMAND_TABLE.hold[heldFrom];
  return type === 'reassign' ? COMMAND_TABLE.reassign[heldFrom] : COMMAND_TABLE[type][place];
}

function faultsAfter(before: State, event: ItemMachineEvent, after: State): string[] {
  return [...faultsBetween(before, event, after), ...faultsOf(after)];
}

function trySystemEvents(state: State, tally: Tally): void {
  const { place, context } = state;
  const at = nowOf(context);
  const cancelled = { type: 'campaign_cancelled', at, reason: 'over' } as const;
  for (const event of [...systemEventsAbout(context, at), cancelled]) {
    const cell = `${place} ${event.type}`;
    tally.tried.add(cell);
    tally.attempts += 1;
    const { after } = take(state, event);
    for (const fault of faultsAfter(state, event, after)) tally.violations.add(`${cell}: ${fault}`);
  }
}

const SYSTEM_EVENTS = [
  'publication_due',
  'publication_sending',
  'publication_settled',
  'slot_passed',
  'approval_deadline_passed',
  'checkpoint_recorded',
  'checkpoint_missed',
  'review_frozen',
  'clock_step',
  'campaign_released',
  'campaign_cancelled',
] as const satisfies readonly SystemEvent['type'][];

function cells(): string[] {
  return PLACES.flatMap((place) => [
    ...COMMANDS.flatMap((type) =>
      ROLES.flatMap((role) => WHO.map((who) => `${place} ${type} ${role} ${who}`)),
    ),
    ...SYSTEM_EVENTS.map((type) => `${place} ${type}`),
  ]);
}

/** Cells of the table in which a complete command has to be accepted at least once. */
function legalCells(): string[] {
  return COMMANDS.flatMap((type) =>
    PLACES.flatMap((place) => {
      const allowed = COMMAND_TABLE[type][place];
      return allowed === undefined || allowed.lacks !== undefined || allowed.only !== undefined
        ? []
        : allowed.by.map((role) => `${place} ${type} ${role}`);
    }),
  );
}

function outcomeOf({ tried, accepted, attempts, refused, lost, violations }: Tally): Outcome {
  const all = cells();
  const untried = all.filter((cell) => !tried.has(cell));
  const legal = legalCells();
  const never = legal.filter((cell) => !accepted.has(cell));
  return {
    operations: attempts,
    faults: { 'refused commands': refused },
    lost,
    duplicated: 0,
    unresolved: untried.length,
    recoveryMs: [],
    violations: [
      ...violations,
      ...untried.map((cell) => `${cell}: never tried`),
      ...never.map((cell) => `${cell}: legal, and never accepted`),
    ],
    evidence: [
      `${all.length - untried.length} of ${all.length} cells tried`,
      `${legal.length - never.length} of ${legal.length} legal cells accepted`,
    ],
  };
}
