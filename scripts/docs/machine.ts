import { itemMachine } from '../../src/domain/item/item.machine.ts';
import type { CommandRule } from '../../src/domain/item/moves/command.ts';
import {
  isAboutActor,
  REQUIREMENT_CODES,
  REQUIREMENTS,
} from '../../src/domain/item/requirements/catalogue.ts';
import { STAGE_OWNERS } from '../../src/domain/item/responsible.ts';
import { COMMAND_RULES, COMMAND_TYPES } from '../../src/domain/item/rules.ts';
import {
  isClockedStage,
  OPEN_PLACES,
  PLACES,
  type Place,
  stageOf,
} from '../../src/domain/item/stages.ts';
import type { Duration } from '../../src/domain/playbook/playbook.ts';
import { STANDARD_PLAYBOOK } from '../../src/domain/playbook/standard.ts';
import { GUARD_TEXTS, PUBLICATION_STEPS, SYSTEM_EVENT_TEXTS } from './machine-texts.ts';

interface Edge {
  from: Place;
  /** Null where the place stays. */
  to: Place | null;
  event: string;
  guards: string[];
}

/** Transitions that every open stage has alike; the page names them once. */
const EVERYWHERE = ['cancel', 'campaign_cancelled', 'hold', 'resume'];

const ABOUT_ACTOR = REQUIREMENT_CODES.filter(isAboutActor).map((code) => `\`${code}\``);

/** The page that describes the item machine, read from the machine and the table of its commands. */
export function renderMachineDoc(): string {
  const edges = PLACES.flatMap(edgesFrom);
  return [
    '# The item machine',
    '',
    '`npm run docs:machine` writes this page from `src/domain/item/item.machine.ts` and',
    '`src/domain/item/rules.ts`. The suite fails when the page and the machine differ.',
    '',
    '```mermaid',
    ...diagram(edges),
    '```',
    '',
    'Not drawn: from every open stage `hold` leads to `on_hold`, `resume` back to where the item was and',
    '`cancel` to `cancelled`. Transitions without a name happen by themselves.',
    '',
    '## Stages',
    '',
    '| Place | Responsible | Clock in the playbook `standard` |',
    '|---|---|---|',
    ...PLACES.map(placeRow),
    '',
    '## Commands',
    '',
    'A command is refused with every requirement that is not met. When all of them are about who asks',
    `(${ABOUT_ACTOR.join(', ')}) the answer is 403, else 409.`,
    '',
    '| Command | In | By | Requires |',
    '|---|---|---|---|',
    ...COMMAND_TYPES.map((type) => commandRow(type, COMMAND_RULES[type])),
    '',
    '## Requirements',
    '',
    '| Name | Asks that |',
    '|---|---|',
    ...REQUIREMENT_CODES.map((code) => `| \`${code}\` | ${REQUIREMENTS[code].text} |`),
    '',
    '## What happens by itself',
    '',
    '| Event | What it does |',
    '|---|---|',
    ...Object.entries(SYSTEM_EVENT_TEXTS).map(([event, text]) => `| \`${event}\` | ${text} |`),
    '',
    'Where such an event, or a rule that is looked at after every event, moves the item; the first that',
    'applies counts:',
    '',
    '| In | Event | Leads to | When |',
    '|---|---|---|---|',
    ...ruleRows(edges),
    '',
    '## Publication records',
    '',
    '| From | To | By |',
    '|---|---|---|',
    ...PUBLICATION_STEPS.map(([from, to, by]) => `| ${from} | ${to} | ${by} |`),
    '',
    '## Every transition that moves an item',
    '',
    '| From | Command | To |',
    '|---|---|---|',
    ...edges
      .filter(({ event, to }) => isCommand(event) && to !== null && !EVERYWHERE.includes(event))
      .map(({ from, event, to }) => `| \`${from}\` | \`${event}\` | \`${to}\` |`),
    '',
  ].join('\n');
}

function isCommand(event: string): boolean {
  return event in COMMAND_RULES;
}

function commandRow(type: string, rule: CommandRule): string {
  const everywhere = rule.in.length >= OPEN_PLACES.length - 1;
  const where = everywhere
    ? `any open stage${rule.in.length < OPEN_PLACES.length ? ' but `on_hold`' : ''}`
    : rule.in.map((place) => `\`${place}\``).join(', ');
  const also = rule.toReplacePost ?? [];
  const besides =
    also.length === 0
      ? ''
      : `; while a post was refused or is not live also ${also.map((place) => `\`${place}\``).join(', ')}`;
  const requires = rule.requires.map((code) => `\`${code}\``).join(', ');
  return `| \`${type}\` | ${where}${besides} | ${byWhom(type, rule.by)} | ${requires || 'nothing more'} |`;
}

function byWhom(type: string, by: CommandRule['by']): string {
  switch (by) {
    case 'responsible':
      return `the roles responsible for the stage, ${type === 'reassign' ? 'strategist, ' : ''}admin`;
    case 'receiver':
      return 'the receiver of the handoff';
    case 'asked_roles':
      return 'the roles that the gate asks';
    default:
      return by.join(', ');
  }
}

function ruleRows(edges: readonly Edge[]): string[] {
  const moving = edges.filter(({ event, to }) => !isCommand(event) && to !== null);
  return [
    ...moving.filter(({ event, to }) => !isEveryOpenStage(event, to)).map(systemRow),
    `| any open stage | always | \`cancelled\` | ${GUARD_TEXTS.cancelDue} |`,
  ];
}

function isEveryOpenStage(event: string, to: Place | null): boolean {
  return event === '' && to === 'cancelled';
}

function systemRow({ from, event, to, guards }: Edge): string {
  const when = guards.length === 0 ? 'otherwise' : guards.join(', and ');
  return `| \`${from}\` | ${event === '' ? 'always' : `\`${event}\``} | \`${to}\` | ${when} |`;
}

function placeRow(place: Place): string {
  const stage = stageOf(place);
  const clock = isClockedStage(stage) ? STANDARD_PLAYBOOK.clocks[stage] : null;
  return `| \`${place}\` | ${responsibleText(place)} | ${clock === null ? '' : inWords(clock)} |`;
}

function inWords({ amount, unit }: Duration): string {
  const units = unit.replace('_', ' ');
  return `${amount} ${amount === 1 ? units.replace(/s$/, '') : units}`;
}

function responsibleText(place: Place): string {
  switch (place) {
    case 'review.deciding':
      return 'the roles that the gate asks';
    case 'on_hold':
      return 'who is responsible where it came from';
    case 'closed':
    case 'cancelled':
      return 'nobody: final';
    case 'scheduled':
    case 'publishing':
    case 'measuring':
      return `the system; ${STAGE_OWNERS[place].join(', ')} responsible`;
    default:
      return STAGE_OWNERS[place].join(', ');
  }
}

function diagram(edges: readonly Edge[]): string[] {
  const drawn = new Map<string, string[]>();
  for (const { from, to, event, guards } of edges) {
    if (to === null || isEverywhere({ from, to, event, guards })) continue;
    const arrow = `  ${idOf(from)} --> ${idOf(to)}`;
    const labels = drawn.get(arrow) ?? [];
    if (event !== '' && !labels.includes(event)) labels.push(event);
    drawn.set(arrow, labels);
  }
  return [
    'stateDiagram-v2',
    ...PLACES.map((place) => `  state "${place}" as ${idOf(place)}`),
    `  [*] --> ${idOf('briefing.drafting')}`,
    ...[...drawn].map(([arrow, labels]) =>
      labels.length === 0 ? arrow : `${arrow} : ${labels.join(', ')}`,
    ),
    `  ${idOf('closed')} --> [*]`,
    `  ${idOf('cancelled')} --> [*]`,
  ];
}

/** Alike in every open stage, so a sentence says it: the drawing keeps what tells stages apart. */
function isEverywhere({ to, event }: Edge): boolean {
  return EVERYWHERE.includes(event) || isEveryOpenStage(event, to);
}

function idOf(place: Place): string {
  return place.replace('.', '_');
}

function edgesFrom(place: Place): Edge[] {
  const node = itemMachine.getStateNodeById(`item.${place}`);
  // A stage of one substage keeps its always-rules on the stage or on the substage.
  const own = [...node.transitions.values()].flat();
  return [...own, ...(node.always ?? [])].flatMap((definition): Edge[] => {
    const targets = definition.target ?? [];
    const guards = guardNames(definition.guard);
    const { eventType: event } = definition;
    if (targets.length === 0) return [{ from: place, to: null, event, guards }];
    return targets.map((target) => ({ from: place, to: placeOfNode(target), event, guards }));
  });
}

/** A compound target means its initial substage. */
function placeOfNode(node: {
  path: readonly string[];
  initial?: { target: readonly unknown[] };
}): Place {
  const path = node.path.join('.');
  const exact = PLACES.find((place) => place === path);
  const inside = PLACES.find((place) => place.startsWith(`${path}.`));
  const place = exact ?? inside;
  if (place === undefined) throw new RangeError(`${path} is no place`);
  return place;
}

/** Guards in words; what a combination holds is read from its parts. */
function guardNames(guard: unknown): string[] {
  if (guard === undefined || guard === null) return [];
  if (typeof guard === 'string') return isGuard(guard) ? [GUARD_TEXTS[guard]] : [];
  if (typeof guard === 'object' && 'type' in guard) return guardNames(guard.type);
  if (typeof guard === 'function' && 'guards' in guard && Array.isArray(guard.guards)) {
    const parts = guard.guards.flatMap(guardNames);
    return String(Reflect.get(guard, 'check')?.name).includes('Not')
      ? parts.map((part) => part.replace(/^an? /, 'no '))
      : parts;
  }
  return [];
}

function isGuard(name: string): name is keyof typeof GUARD_TEXTS {
  return name in GUARD_TEXTS;
}
