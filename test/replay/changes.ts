import { join } from 'node:path';
import { bundleForReplay, type ReplayBundle } from '../../scripts/replay/replay.ts';

const root = join(import.meta.dirname, '..', '..');
const LOADER = join(import.meta.dirname, 'changed', 'edit-loader.ts');

/** A change of one source: its path below `src`, what stands there, what stands there then. */
export type Edit = [file: string, from: string, to: string];

/** The workflows of a release in which these sources are otherwise. */
export function bundleWith(edits: readonly Edit[]): Promise<ReplayBundle> {
  const files = Map.groupBy(edits, ([file]) => file);
  const rules = [...files].map(([file, changes]) => ({
    resource: join(root, 'src', file),
    enforce: 'pre' as const,
    loader: LOADER,
    options: { edits: changes.map(([, from, to]) => ({ from, to })) },
  }));
  return bundleForReplay({
    webpackConfigHook: (config) => {
      const present = config.module?.rules ?? [];
      return { ...config, module: { ...config.module, rules: [...present, ...rules] } };
    },
  });
}

const REASON = `if (ask.refs === null) return MET;
      switch (ask.type) {`;

function longerReason(command: 'hold' | 'extend'): Edit {
  const stricter = `if (ask.type === '${command}' && (ask.refs?.reason ?? '').length < 200) return unmet('too short');`;
  return ['domain/item/requirements/access.ts', REASON, `${stricter}\n${REASON}`];
}

/** A change that looks harmless, and what of a run would be another one if the gate were blind. */
interface Change {
  edits: Edit[];
  /** A step that a recording has to have for the change to matter. */
  about: string;
}

/** Changes under which open items go on as they are: the design makes them harmless. */
export const HARMLESS: Record<string, Change> = {
  'more targets are asked of a brief': {
    about: 'command offer_handoff',
    edits: [
      [
        'domain/item/requirements/handoff.ts',
        '(context.brief?.targetCount ?? 0) > 0',
        '(context.brief?.targetCount ?? 0) > 50',
      ],
    ],
  },
  'a hold needs a longer reason': { about: 'command hold', edits: [longerReason('hold')] },
  'an extension needs a longer reason': {
    about: 'command extend',
    edits: [longerReason('extend')],
  },
  'a sign-off needs a comment': {
    about: 'command sign_off',
    edits: [
      [
        'domain/item/requirements/kpi-review.ts',
        'const seen = ask.refs?.reviewHash;',
        `const seen = ask.refs?.reviewHash;
      if (ask.refs?.commentId === undefined) return unmet('a sign-off needs a comment');`,
      ],
    ],
  },
  'a clock of new items has another step': {
    about: 'deadline clock_step',
    edits: [
      [
        'domain/item/machine/rules.ts',
        'MACHINE_RULES: MachineRules = { ...FIRST_RULES, ...NEW_RULES',
        'MACHINE_RULES: MachineRules = { ...FIRST_RULES, clockPercents: [90, 95, 100, 300]',
      ],
    ],
  },
  'the grace of new items is doubled': {
    about: 'activity sendPublication',
    edits: [
      ['domain/playbook/standard.ts', 'slotGraceMinutes: 15', 'slotGraceMinutes: 30'],
      ['domain/playbook/standard.ts', 'checkpointGraceHours: 24', 'checkpointGraceHours: 48'],
    ],
  },
  'the machine has a new version and its migration': {
    about: 'start continued',
    edits: [
      ['domain/item/item.machine.ts', 'MACHINE_VERSION = 1', 'MACHINE_VERSION = 2'],
      [
        'domain/item/versions/migrations.ts',
        'MIGRATIONS: Migrations = {}',
        'MIGRATIONS: Migrations = { 1: (snapshot) => snapshot }',
      ],
    ],
  },
};

/** A release that asks the guards again while it replays: each stricter one of `HARMLESS` would matter. */
export const JUDGES_AGAIN: Edit = [
  'workflows/item-run.ts',
  'const command = stamped(message);\n    const { at, actor, id } = command;',
  'this.refuseUnmet(message);\n    const command = stamped(message);\n    const { at, actor, id } = command;',
];

/** Changes that would rewrite the past of open items: the gate names where. */
export const CAUGHT: Record<string, Change & { where: RegExp }> = {
  'a clock step is dropped': {
    about: 'deadline clock_step',
    edits: [['domain/item/deadlines.ts', '([0, 1, 2, 3] as const)', '([0, 2, 3] as const)']],
    where: /nondeterminis|timer \d+, durationMs: recorded \d+, now \d+/i,
  },
  'the grace of a slot is doubled': {
    about: 'activity sendPublication',
    edits: [['domain/item/slots.ts', '+ slotGraceMinutes * ', '+ 2 * slotGraceMinutes * ']],
    where: /activity \d+, input\[0\]\.order\.sendUntil: recorded another text/,
  },
  'the grace of a checkpoint is doubled': {
    about: 'event kpi_checkpoint.missing',
    edits: [
      [
        'domain/item/deadlines.ts',
        'checkpointGraceHours * HOUR_MS',
        'checkpointGraceHours * 2 * HOUR_MS',
      ],
    ],
    where: /nondeterminis|timer \d+, durationMs: recorded \d+, now \d+/i,
  },
  'two activities are swapped': {
    about: 'activity sendPublication',
    edits: [
      [
        'workflows/content-item.ts',
        `    for (const effect of run.takeEffects()) carryOut(run, effect);
    run.view.show();
    if (run.backlog.isDue) run.work.begin(RECORDING, () => record(run));
`,
        `    if (run.backlog.isDue) run.work.begin(RECORDING, () => record(run));
    for (const effect of run.takeEffects()) carryOut(run, effect);
    run.view.show();
`,
      ],
    ],
    where: /nondeterminis/i,
  },
  'two events have one more field': {
    about: 'command hold',
    edits: [
      ['domain/item/moves/stage.ts', `'item.held', {`, `'item.held', { note: null,`],
      ['domain/item/moves/stage.ts', `'item.resumed', {`, `'item.resumed', { note: null,`],
    ],
    where: /update .*, result\.events\[0\]\.(data\.note|hash)/,
  },
  'the machine has a new version and no migration': {
    about: 'start continued',
    edits: [['domain/item/item.machine.ts', 'MACHINE_VERSION = 1', 'MACHINE_VERSION = 2']],
    where: /workflow task failure/,
  },
};
