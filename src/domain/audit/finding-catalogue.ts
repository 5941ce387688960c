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
] as const;
export type AuditRepair = (typeof AUDIT_REPAIRS)[number];

/** Repairs that are a command of the item or, for `add_readings` and `replace_credentials`, a request of its own. */
export const COMMAND_REPAIRS = [
  'decide_approval',
  'plan_schedule',
  'skip_publication',
  'resolve_publication',
  'sign_off',
  'resume',
  'cancel',
  'reassign',
  'extend',
  'add_readings',
  'replace_credentials',
] as const;

export const REPAIRS = [...AUDIT_REPAIRS, ...COMMAND_REPAIRS] as const;
export type Repair = (typeof REPAIRS)[number];

/** Where an answer comes from. */
export type FindingSource = 'tables' | 'chains' | 'engine';

export interface FindingKind {
  severity: Severity;
  source: FindingSource;
  /** What may be done about it, where the item's place allows it. */
  repairs: readonly Repair[];
}

/** Everything the audit can find. Closed list; docs/audit.md explains each. */
export const FINDING_KINDS = {
  overdue: { severity: 'warning', source: 'tables', repairs: ['reassign', 'extend', 'cancel'] },
  unassigned: { severity: 'warning', source: 'tables', repairs: ['reassign'] },
  owner_inactive: { severity: 'warning', source: 'tables', repairs: ['reassign', 'resume'] },
  owner_absent: { severity: 'notice', source: 'tables', repairs: ['reassign', 'extend'] },
  stale_approval: { severity: 'warning', source: 'tables', repairs: ['decide_approval'] },
  slot_without_approval: {
    severity: 'warning',
    source: 'tables',
    repairs: ['decide_approval', 'plan_schedule', 'skip_publication'],
  },
  publication_unknown: { severity: 'critical', source: 'tables', repairs: ['resolve_publication'] },
  publication_late: { severity: 'critical', source: 'tables', repairs: [] },
  publication_missed: { severity: 'critical', source: 'tables', repairs: ['resolve_publication'] },
  publication_rejected: {
    severity: 'warning',
    source: 'tables',
    repairs: ['plan_schedule', 'skip_publication'],
  },
  checkpoint_missing: { severity: 'warning', source: 'tables', repairs: ['add_readings'] },
  review_undecided: {
    severity: 'warning',
    source: 'tables',
    repairs: ['sign_off', 'reassign', 'extend'],
  },
  token_expiring: { severity: 'warning', source: 'tables', repairs: ['replace_credentials'] },
  activity_failing: { severity: 'critical', source: 'engine', repairs: [] },
  workflow_task_failing: { severity: 'critical', source: 'engine', repairs: ['replace_run'] },
  no_worker: { severity: 'critical', source: 'engine', repairs: [] },
  backlog_growing: { severity: 'warning', source: 'engine', repairs: [] },
  command_without_verdict: { severity: 'critical', source: 'tables', repairs: ['resend_command'] },
  command_expired: { severity: 'warning', source: 'tables', repairs: [] },
  delivery_failing: { severity: 'warning', source: 'tables', repairs: [] },
  row_without_run: { severity: 'critical', source: 'engine', repairs: ['replace_run'] },
  run_without_row: {
    severity: 'critical',
    source: 'engine',
    repairs: ['rebuild_row', 'terminate_run'],
  },
  run_ahead_of_row: { severity: 'warning', source: 'engine', repairs: ['rebuild_row'] },
  row_ahead_of_run: { severity: 'critical', source: 'engine', repairs: ['replace_run'] },
  row_diverged: { severity: 'critical', source: 'tables', repairs: ['replace_run'] },
  run_near_limit: { severity: 'warning', source: 'engine', repairs: ['replace_run'] },
  event_gap: { severity: 'critical', source: 'tables', repairs: ['rebuild_row'] },
  chain_broken: { severity: 'critical', source: 'chains', repairs: [] },
  timer_overdue: { severity: 'critical', source: 'tables', repairs: [] },
  audit_not_running: { severity: 'warning', source: 'engine', repairs: [] },
} as const satisfies Record<string, FindingKind>;

export type FindingCode = keyof typeof FINDING_KINDS;

export const FINDING_CODES = keysOf(FINDING_KINDS);

export function kindOf(code: FindingCode): FindingKind {
  return FINDING_KINDS[code];
}

export function isAuditRepair(repair: Repair): repair is AuditRepair {
  return (AUDIT_REPAIRS as readonly string[]).includes(repair);
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
        return true;
      // A new run has a new history; what the item itself holds goes along.
      case 'replace_run':
        return at !== null && !isFullItem(evidence);
      // A run without a row names the item that is to be stored again; one of a closed item has a row.
      case 'rebuild_row':
        return code === 'run_without_row' ? evidence['row'] === null : at !== null;
      case 'add_readings':
        return at !== null;
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
