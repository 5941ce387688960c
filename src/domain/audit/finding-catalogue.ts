import type { CommandType } from '../item/commands.ts';
import { COMMAND_RULES } from '../item/rules.ts';
import type { Place } from '../item/stages.ts';
import { keysOf } from '../keys.ts';
import { isOwnerRole, type Role } from '../people/roles.ts';

/** Worst first: the order of the list. */
export const SEVERITIES = ['critical', 'warning', 'notice'] as const;
export type Severity = (typeof SEVERITIES)[number];

/** Repairs that the audit itself carries out. */
export const AUDIT_REPAIRS = [
  'resend_command',
  'rebuild_row',
  'replace_run',
  'terminate_run',
  'continue_run',
  'retry_step',
  'replay_delivery',
  'restart_watch',
  'remind',
  'recheck',
] as const;
export type AuditRepair = (typeof AUDIT_REPAIRS)[number];

/** Repairs that are a command of the item, sent as whoever repairs. */
export const COMMAND_REPAIRS = [
  'decide_approval',
  'withdraw_handoff',
  'decline_handoff',
  'plan_schedule',
  'unschedule',
  'skip_publication',
  'resolve_publication',
  'sign_off',
  'resume',
  'cancel',
  'reassign',
  'extend',
] as const satisfies CommandType[];
export type CommandRepair = (typeof COMMAND_REPAIRS)[number];

/** Repairs that change something beside the item. */
export const REQUEST_REPAIRS = ['add_readings', 'replace_credentials', 'check_source'] as const;
export type RequestRepair = (typeof REQUEST_REPAIRS)[number];

export const REPAIRS = [...AUDIT_REPAIRS, ...COMMAND_REPAIRS, ...REQUEST_REPAIRS] as const;
export type Repair = (typeof REPAIRS)[number];

/** Repairs that make sense of many findings alike. */
export const BULK_REPAIRS = [...AUDIT_REPAIRS, ...COMMAND_REPAIRS] as const;
export type BulkRepair = (typeof BULK_REPAIRS)[number];

/** Where an answer comes from. */
export type FindingSource = 'tables' | 'chains' | 'engine';

export interface FindingKind {
  severity: Severity;
  source: FindingSource;
  /** What may be done about it, where the item's place allows it. */
  repairs: readonly Repair[];
  /** Why nothing that can be asked for here puts it right. */
  noRepair?: string;
}

/** Everything the audit can find. Closed list; docs/audit.md explains each. */
export const FINDING_KINDS = {
  overdue: {
    severity: 'warning',
    source: 'tables',
    repairs: [
      'reassign',
      'extend',
      'withdraw_handoff',
      'decline_handoff',
      'decide_approval',
      'cancel',
      'remind',
    ],
  },
  unassigned: {
    severity: 'warning',
    source: 'tables',
    repairs: ['reassign', 'decide_approval', 'extend', 'cancel'],
  },
  owner_inactive: {
    severity: 'warning',
    source: 'tables',
    repairs: ['reassign', 'resume', 'decide_approval'],
  },
  owner_absent: { severity: 'notice', source: 'tables', repairs: ['reassign', 'extend', 'remind'] },
  stale_approval: { severity: 'warning', source: 'tables', repairs: ['decide_approval', 'remind'] },
  slot_without_approval: {
    severity: 'warning',
    source: 'tables',
    repairs: ['decide_approval', 'plan_schedule', 'unschedule', 'skip_publication', 'remind'],
  },
  publication_unknown: {
    severity: 'critical',
    source: 'tables',
    repairs: ['resolve_publication', 'remind'],
  },
  publication_late: {
    severity: 'critical',
    source: 'tables',
    repairs: ['retry_step', 'plan_schedule', 'unschedule', 'skip_publication'],
  },
  publication_missed: {
    severity: 'critical',
    source: 'tables',
    repairs: ['resolve_publication', 'remind'],
  },
  publication_rejected: {
    severity: 'warning',
    source: 'tables',
    repairs: ['plan_schedule', 'skip_publication', 'remind'],
  },
  checkpoint_missing: { severity: 'warning', source: 'tables', repairs: ['add_readings'] },
  review_undecided: {
    severity: 'warning',
    source: 'tables',
    repairs: ['sign_off', 'reassign', 'extend', 'retry_step', 'remind'],
  },
  token_expiring: { severity: 'warning', source: 'tables', repairs: ['replace_credentials'] },
  activity_failing: {
    severity: 'critical',
    source: 'engine',
    repairs: ['retry_step', 'recheck'],
  },
  workflow_task_failing: { severity: 'critical', source: 'engine', repairs: ['replace_run'] },
  no_worker: {
    severity: 'critical',
    source: 'engine',
    repairs: ['recheck'],
    noRepair: 'a worker is a process of its own: start it, and look again',
  },
  backlog_growing: {
    severity: 'warning',
    source: 'engine',
    repairs: ['recheck'],
    noRepair: 'only more workers make a backlog smaller: start them, and look again',
  },
  command_without_verdict: { severity: 'critical', source: 'tables', repairs: ['resend_command'] },
  command_expired: {
    severity: 'warning',
    source: 'tables',
    repairs: [],
    noRepair: 'an expired command is never applied: whoever gave it gives it again',
  },
  delivery_failing: { severity: 'warning', source: 'tables', repairs: ['replay_delivery'] },
  metric_source_failing: { severity: 'warning', source: 'tables', repairs: ['check_source'] },
  metric_source_refused: {
    severity: 'warning',
    source: 'tables',
    repairs: ['replace_credentials', 'check_source'],
  },
  campaign_unattended: {
    severity: 'warning',
    source: 'tables',
    repairs: ['recheck'],
    noRepair: 'every worker calls a run that is late or lost: start one, and look again',
  },
  row_without_run: { severity: 'critical', source: 'engine', repairs: ['replace_run'] },
  run_without_row: {
    severity: 'critical',
    source: 'engine',
    repairs: ['rebuild_row', 'terminate_run'],
  },
  run_ahead_of_row: { severity: 'warning', source: 'engine', repairs: ['rebuild_row'] },
  row_ahead_of_run: { severity: 'critical', source: 'engine', repairs: ['replace_run'] },
  row_diverged: { severity: 'critical', source: 'tables', repairs: ['replace_run'] },
  run_near_limit: {
    severity: 'warning',
    source: 'engine',
    repairs: ['continue_run', 'replace_run'],
  },
  event_gap: { severity: 'critical', source: 'tables', repairs: ['rebuild_row'] },
  chain_broken: {
    severity: 'critical',
    source: 'chains',
    repairs: ['recheck'],
    noRepair: 'a forged chain is evidence: the history of the engine holds what happened',
  },
  timer_overdue: { severity: 'critical', source: 'tables', repairs: ['retry_step'] },
  audit_not_running: { severity: 'warning', source: 'engine', repairs: ['restart_watch'] },
} as const satisfies Record<string, FindingKind>;

export type FindingCode = keyof typeof FINDING_KINDS;

export const FINDING_CODES = keysOf(FINDING_KINDS);

export function kindOf(code: FindingCode): FindingKind {
  return FINDING_KINDS[code];
}

export function isAuditRepair(repair: Repair): repair is AuditRepair {
  return (AUDIT_REPAIRS as readonly string[]).includes(repair);
}

export function isCommandRepair(repair: Repair): repair is CommandRepair {
  return (COMMAND_REPAIRS as readonly string[]).includes(repair);
}

/**
 * The repairs of a finding that make sense where the item is.
 * @param at null when the finding is about no item that has a row.
 */
export function repairsFor(
  { code, evidence }: { code: FindingCode; evidence: Record<string, unknown> },
  at: { place: Place; waitingOn: readonly { role: Role }[] } | null,
): Repair[] {
  return kindOf(code).repairs.filter((repair) => {
    switch (repair) {
      case 'resend_command':
        return evidence['state'] === 'pending';
      case 'terminate_run':
        return at === null || at.place === 'closed' || at.place === 'cancelled';
      case 'replace_credentials':
      case 'check_source':
      case 'replay_delivery':
      case 'restart_watch':
      case 'recheck':
        return true;
      // A new run has a new history; what the item itself holds goes along.
      case 'replace_run':
      case 'continue_run':
        return at !== null && !isFullItem(evidence);
      case 'retry_step':
        return at !== null && (code !== 'review_undecided' || evidence['frozen'] === false);
      // A run without a row names the item that is to be stored again; one of a closed item has a row.
      case 'rebuild_row':
        return code === 'run_without_row' ? evidence['row'] === null : at !== null;
      case 'add_readings':
        return at !== null;
      case 'remind':
        return at !== null && at.waitingOn.length > 0;
      case 'reassign':
        // Approvers are asked by role: nobody can be put in another's place.
        return at?.waitingOn.some(({ role }) => isOwnerRole(role)) ?? false;
      default: {
        const { in: places, toReplacePost = [] } = COMMAND_RULES[repair];
        const also = code === 'publication_rejected' ? toReplacePost : [];
        return at !== null && [...places, ...also].includes(at.place);
      }
    }
  });
}

/** Only the state of the item is near its limit. */
function isFullItem({ near }: Record<string, unknown>): boolean {
  return Array.isArray(near) && near.every((name) => name === 'stateBytes');
}

/** Position of a severity in the order of the list. */
export function rankOf(code: FindingCode): number {
  return SEVERITIES.indexOf(kindOf(code).severity);
}
