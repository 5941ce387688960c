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
import {
  EDGES,
  type Edge,
  EVERYWHERE,
  leavesFromEverywhere,
  stateDiagram,
} from '../../src/domain/visibility/diagram.ts';
import { GUARD_TEXTS, PUBLICATION_STEPS, SYSTEM_EVENT_TEXTS } from './machine-texts.ts';

const ABOUT_ACTOR = REQUIREMENT_CODES.filter(isAboutActor).map((code) => `\`${code}\``);

/** The page that describes the item machine, read from the machine and the table of its commands. */
export function renderMachineDoc(): string {
  return [
    '# The item machine',
    '',
    '`npm run docs:machine` writes this page from `src/domain/item/item.machine.ts` and',
    '`src/domain/item/rules.ts`. The suite fails when the page and the machine differ.',
    '',
    '```mermaid',
    ...stateDiagram(null),
    '```',
    '',
    'Not drawn: from every open stage `hold` leads to `on_hold`, `resume` back to where the item was and',
    '`cancel` to `cancelled`. Transitions without a name happen by themselves.',
    '',
    '`npm run baton -- diagram ITEM` prints the diagram with the place of an item marked.',
    "[machine.json](machine.json) is the machine as data: in Stately's editor, import it as the argument",
    'of `createMachine(…)`.',
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
    ...ruleRows(),
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
    ...EDGES.filter(
      ({ event, to }) => isCommand(event) && to !== null && !EVERYWHERE.includes(event),
    ).map(({ from, event, to }) => `| \`${from}\` | \`${event}\` | \`${to}\` |`),
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

function ruleRows(): string[] {
  const moving = EDGES.filter(({ event, to }) => !isCommand(event) && to !== null);
  return [
    ...moving.filter((edge) => !leavesFromEverywhere(edge)).map(systemRow),
    ...(['hold', 'cancel'] as const).map((policy) => {
      const to = policy === 'hold' ? 'on_hold' : 'cancelled';
      const when = `the clock is at 150 %, its playbook says \`${policy}\`, and nothing is in flight`;
      return `| any stage with a clock | \`clock_step\` | \`${to}\` | ${when} |`;
    }),
    `| any open stage | always | \`cancelled\` | ${GUARD_TEXTS.cancelDue} |`,
  ];
}

function systemRow({ from, event, to, guard }: Edge): string {
  const guards = guardNames(guard);
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
