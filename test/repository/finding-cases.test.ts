import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { FINDING_CODES, type FindingCode } from '../../src/domain/audit/finding-catalogue.ts';

/**
 * Where each finding's situation is made for real, found, repaired from the finding and gone: a file of
 * test/integration, and the words that begin its case.
 */
const CASES: Record<FindingCode, [file: string, words: string]> = {
  overdue: ['finding-repairs', '  overdue: {'],
  unassigned: ['finding-repairs', '  unassigned: {'],
  owner_inactive: ['finding-repairs', '  owner_inactive: {'],
  owner_absent: ['finding-repairs', '  owner_absent: {'],
  stale_approval: ['finding-repairs', '  stale_approval: {'],
  slot_without_approval: ['finding-repairs', '  slot_without_approval: {'],
  publication_unknown: ['finding-repairs', '  publication_unknown: {'],
  publication_late: ['audit-outages', "it('timer_overdue, publication_late: everything was down"],
  publication_missed: ['finding-repairs', '  publication_missed: {'],
  publication_rejected: ['finding-repairs', '  publication_rejected: {'],
  checkpoint_missing: ['finding-repairs', '  checkpoint_missing: {'],
  review_undecided: ['finding-repairs', '  review_undecided: {'],
  token_expiring: ['audit-accounts', "it('are put right by new credentials from the finding"],
  activity_failing: ['audit-outages', "it('activity_failing: what a run reports"],
  workflow_task_failing: ['run-limits', "it('is built again from its row where no task"],
  no_worker: ['audit-outages', "it('no_worker at once when it said good-bye"],
  backlog_growing: ['watch', "it('is found when two looks in a row see events that nobody takes"],
  command_without_verdict: ['audit-outages', "it('command_without_verdict: found with its last"],
  command_expired: ['drainer', "it('is expired for certain, found by the audit"],
  delivery_failing: ['failing-deliveries', "it('delivery_failing: what a receiver did not take"],
  metric_source_failing: ['metric-sources', "it('metric_source_failing: found after"],
  metric_source_refused: ['metric-sources', "it('metric_source_refused: found at once"],
  campaign_unattended: ['campaign-reviews', "it('campaign_unattended: its run is lost"],
  row_without_run: ['audit-engine', "it('row_without_run: the run was terminated"],
  run_without_row: ['audit-engine', "it('run_without_row: a run that nobody has a row for"],
  run_ahead_of_row: ['audit-engine', "it('run_ahead_of_row: the row is behind its run"],
  row_ahead_of_run: ['diverged-runs', "it('row_ahead_of_run: the engine lost what people did"],
  row_diverged: ['diverged-runs', "it('a run that an operator reset is found, and replaced"],
  run_near_limit: ['run-limits', "it('run_near_limit: a history that grew"],
  event_gap: ['audit-engine', "it('event_gap: an event is gone"],
  chain_broken: ['audit-engine', "it('chain_broken: a byte was changed"],
  timer_overdue: ['audit-outages', "it('timer_overdue, publication_late: everything was down"],
  audit_not_running: ['watch', "it('audit_not_running: its schedule was deleted"],
};

const directory = join(import.meta.dirname, '..', 'integration');

describe('every finding is made for real, found, repaired and gone', () => {
  it.each(FINDING_CODES)('%s', (code) => {
    const [file, words] = CASES[code];
    const text = readFileSync(join(directory, `${file}.test.ts`), 'utf8');
    expect(text.split(words).length - 1, `${file} has one case: ${words}`).toBe(1);
    expect(text, 'its case names the code').toContain(code);
  });
});
