import type { FindingCode } from './finding-catalogue.ts';

export interface FindingFacts {
  code: FindingCode;
  itemId: string | null;
  since: string;
  evidence: Record<string, unknown>;
}

/** What is stuck, in one sentence that names the thing and its id. */
export function findingMessage(facts: FindingFacts): string {
  const sentence = SENTENCES[facts.code](facts, (key) => textOf(facts.evidence[key]));
  return facts.itemId === null ? sentence : `${facts.itemId}: ${sentence}`;
}

function textOf(value: unknown): string {
  if (typeof value === 'string') return value;
  if (Array.isArray(value)) return value.map(textOf).join(' and ');
  return value === null || value === undefined ? 'nothing' : String(value);
}

type Sentence = (facts: FindingFacts, of: (key: string) => string) => string;

const SENTENCES: Record<FindingCode, Sentence> = {
  overdue: ({ since }, of) => `overdue in ${of('stage')} since ${since}`,
  unassigned: (_, of) =>
    of('able') === '0'
      ? `nobody who may act holds the role ${of('role')}`
      : `nobody is assigned as ${of('role')}, and ${of('able')} members could act`,
  owner_inactive: (_, of) => `${of('memberId')} can no longer act as ${of('role')}`,
  owner_absent: (_, of) => `${of('memberId')} is away until ${of('absentUntil')}`,
  stale_approval: (_, of) => `somebody decided on content other than ${of('contentHash')}`,
  slot_without_approval: (_, of) =>
    `the slot of ${of('publicationId')} at ${of('at')} has no approved content`,
  publication_unknown: (_, of) => `nobody knows whether ${of('publicationId')} went out`,
  publication_late: (_, of) =>
    `${of('publicationId')} was due at ${of('at')} and is still ${of('state')}`,
  publication_missed: (_, of) => `${of('publicationId')} missed its slot at ${of('at')}`,
  publication_rejected: (_, of) =>
    `${of('publicationId')} was refused by ${of('channel')}: ${of('evidence')}`,
  checkpoint_missing: (_, of) =>
    `no readings came for checkpoint ${of('checkpoint')} of ${of('publicationId')}`,
  review_undecided: (_, of) =>
    of('frozen') === 'true'
      ? `the KPI review ${of('reviewId')} is overdue: not every role has signed`
      : `nobody froze the readings of the KPI review ${of('reviewId')}`,
  token_expiring: (_, of) =>
    of('refusedAt') === 'nothing'
      ? `the credentials of ${of('channelAccountId')} (${of('channel')}) ${of('expired') === 'true' ? 'expired' : 'expire'} at ${of('expiresAt')}. Posts planned after that: ${of('plannedAfter')}`
      : `the credentials of ${of('channelAccountId')} (${of('channel')}) were refused at ${of('refusedAt')}: ${of('refusal')}. Planned posts: ${of('plannedAfter')}`,
  activity_failing: (_, of) =>
    `${of('activity')} of ${of('workflowId')} has failed ${of('attempts')} times: ${of('lastError')}`,
  workflow_task_failing: (_, of) =>
    `the workflow task of ${of('workflowId')} is at attempt ${of('attempts')}: ${of('lastError')}`,
  no_worker: ({ evidence }, of) => {
    const build = evidence['buildId'] === undefined ? '' : ` of the build ${of('buildId')}`;
    return `no worker${build} takes ${of('kinds')} tasks of the queue ${of('taskQueue')}. Last seen: ${of('lastSeenAt')}`;
  },
  backlog_growing: (_, of) =>
    `the work of ${of('taskQueue')} piles up: ${of('waiting')} ${of('kind')} tasks wait, the oldest for ${of('oldestMs')} ms`,
  command_without_verdict: (_, of) =>
    of('state') !== 'pending'
      ? `the run applied the command ${of('commandId')} (${of('type')}) at event ${of('appliedSeq')}, but its verdict says ${of('state')}`
      : `the command ${of('commandId')} (${of('type')}) has no verdict after ${of('attempts')} attempts. Last error: ${of('lastError')}`,
  command_expired: (_, of) =>
    `nobody answered the command ${of('commandId')} (${of('type')}) before it expired at ${of('expiresAt')}: it was not applied. Last error: ${of('lastError')}`,
  delivery_failing: (_, of) =>
    of('stopped') === 'gone'
      ? `the receiver of ${of('subscriptionId')} (${of('host')}) answered that it is gone: nothing more is sent to it`
      : `the receiver of ${of('subscriptionId')} (${of('host')}) does not take what it is sent: ${of('failing')} deliveries fail, ${of('exhausted')} were given up`,
  metric_source_failing: (_, of) =>
    `${of('sourceId')} (${of('kind')}) did not answer ${of('failures')} times in a row: ${of('lastFailure')}. Last success: ${of('lastSuccessAt')}`,
  metric_source_refused: (_, of) =>
    `${of('sourceId')} (${of('kind')}) refused the credentials at ${of('refusedAt')}: ${of('lastFailure')}. It is not asked until there are others`,
  campaign_unattended: (_, of) =>
    `nobody looks after the campaign ${of('campaignId')} (${of('name')}): its run should have looked at ${of('nextLookAt')}`,
  row_without_run: (_, of) => `the item is open, but its run is ${of('run')}`,
  run_without_row: (_, of) =>
    of('row') === 'nothing'
      ? `the run ${of('workflowId')} is open, but no item has a row for it`
      : `the run ${of('workflowId')} is still open, but its item is ${of('row')}`,
  run_ahead_of_row: (_, of) => `the run is at event ${of('runSeq')}, its row at ${of('rowSeq')}`,
  row_ahead_of_run: (_, of) =>
    `the row is at event ${of('rowSeq')}, its run only at ${of('runSeq')}`,
  row_diverged: (_, of) =>
    `its run tells another story than its row: event ${of('rowSeq')} of the row is not the run's`,
  run_near_limit: (_, of) =>
    `its run is near a limit (${of('near')}): ${of('historyEvents')} events, ${of('historyBytes')} bytes of history, ${of('stateBytes')} bytes of state`,
  event_gap: (_, of) =>
    `event ${of('firstMissing')} is missing. The row is at event ${of('rowSeq')}`,
  chain_broken: (_, of) => `event ${of('seq')} breaks the chain (${of('fault')})`,
  timer_overdue: (_, of) => `${of('deadline')} was due at ${of('at')} and has not happened`,
  audit_not_running: (_, of) =>
    `the watch does not run: its last look was at ${of('lastLookAt')}, its schedule is ${of('schedule')}`,
};
