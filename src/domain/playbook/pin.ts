import type { PinnedPlaybook, PinnedRule } from '../item/context.ts';
import { MACHINE_RULES } from '../item/machine/rules.ts';
import type { GateRule, Playbook } from './playbook.ts';

/**
 * What an item pins at its start: the rules of its playbook, without the labels, and the machine's.
 * Machine checks are facts of the draft.
 */
export function pinPlaybook(playbook: Playbook): PinnedPlaybook {
  const codes = (entries: Playbook['checklists']['brief']) =>
    entries.filter(({ kind }) => kind === 'human').map(({ code }) => code);
  return {
    name: playbook.name,
    version: playbook.version,
    clocks: playbook.clocks,
    ...(playbook.overdue !== undefined && { overdue: playbook.overdue }),
    gate: playbook.gate.map(pinRule),
    revisionLimit: playbook.revisionLimit,
    checkpoints: playbook.checkpoints,
    slotGraceMinutes: playbook.slotGraceMinutes,
    approvalDeadlineMinutes: playbook.approvalDeadlineMinutes,
    checkpointGraceHours: playbook.checkpointGraceHours,
    checklists: {
      brief: codes(playbook.checklists.brief),
      review: codes(playbook.checklists.review),
    },
    rules: MACHINE_RULES,
  };
}

/** Names and addresses stay out of the run: it knows how many there are. */
function pinRule({ approvers, ...rule }: GateRule): PinnedRule {
  return approvers === undefined ? rule : { ...rule, externals: approvers.length };
}
