import { itemMachine } from '../../src/domain/item/item.machine.ts';

type MachineNode = (typeof itemMachine)['root'];
type Definition = NonNullable<MachineNode['always']>[number];

/** A machine as plain data, in the form that `createMachine` of XState takes. */
export interface PlainMachine {
  id?: string;
  initial?: string;
  entry?: string[];
  always?: PlainTransition[];
  on?: Record<string, PlainTransition[]>;
  states?: Record<string, PlainMachine>;
}

interface PlainTransition {
  target?: string;
  guard?: string;
  actions?: string[];
}

/** The item machine without its code: places, transitions and the names of guards and actions. */
export function plainMachine(): PlainMachine {
  return { id: 'item', ...plainNode(itemMachine.root) };
}

function plainNode(node: MachineNode): PlainMachine {
  const states = Object.values(node.states);
  const initial = node.initial?.target[0]?.key;
  const events = [...node.transitions];
  return {
    ...(initial !== undefined && { initial }),
    ...(node.entry.length > 0 && { entry: node.entry.map(nameOf) }),
    ...(node.always !== undefined && { always: node.always.map(plainTransition) }),
    ...(events.length > 0 && {
      on: Object.fromEntries(events.map(([event, all]) => [event, all.map(plainTransition)])),
    }),
    ...(states.length > 0 && {
      states: Object.fromEntries(states.map((child) => [child.key, plainNode(child)])),
    }),
  };
}

function plainTransition({ target, guard, actions }: Definition): PlainTransition {
  const [to] = target ?? [];
  return {
    ...(to !== undefined && { target: `#item.${to.path.join('.')}` }),
    ...(guard !== undefined && { guard: guardName(guard) }),
    ...(actions.length > 0 && { actions: actions.map(nameOf) }),
  };
}

function nameOf(action: unknown): string {
  return typeof action === 'string' ? action : String(Reflect.get(Object(action), 'type'));
}

/** A combination is named by its parts. */
function guardName(guard: unknown): string {
  if (typeof guard === 'string') return guard;
  const parts: unknown = Reflect.get(Object(guard), 'guards');
  if (!Array.isArray(parts)) return nameOf(guard);
  const isNot = String(Reflect.get(Object(guard), 'check')?.name).includes('Not');
  const names = parts.map(guardName).join(' and ');
  return isNot ? `not ${names}` : names;
}
