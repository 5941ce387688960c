import { z } from 'zod';
import { event, HASH_EXAMPLE, instant, POST_EXAMPLE, post, text } from './event-parts.ts';

const reason = text.nullable();
const evidence = text.nullable();
const handoff = { handoffId: text, kind: z.enum(['brief', 'schedule']) };
const HANDOFF_EXAMPLE = { handoffId: 'hnd_01KAMJ5SQ0_1', kind: 'brief' };
const checkpoint = {
  publicationId: text,
  checkpoint: text,
  unavailable: z.array(z.object({ source: text, reason: text })).optional(),
};
const CHECKPOINT_EXAMPLE = { publicationId: 'pub_01KAMJ5SQ0_1', checkpoint: '+24h' };
const version = { version: z.int(), hash: text };
const VERSION_EXAMPLE = { version: 2, hash: HASH_EXAMPLE };
const step = { stage: text, percent: z.number(), dueAt: instant };
const STEP_EXAMPLE = { stage: 'review', percent: 80, dueAt: '2030-01-01T12:00:00.000Z' };
const REVIEW_EXAMPLE = { reviewId: 'rev_01KAMJ5SQ0_1' };

/** What is told of an item: an entry per type of its events that leaves the house. */
export const ITEM_EVENTS = {
  'item.started': event('An item was started', {}, {}),
  'item.stage_changed': event(
    'An item moved to another stage',
    { from: text, to: text },
    { from: 'briefing', to: 'creation' },
  ),
  'item.held': event(
    'An item was put on hold',
    { from: text, reason },
    { from: 'review.deciding', reason: 'The figures are being checked' },
  ),
  'item.resumed': event(
    'An item goes on after a hold',
    { reason },
    { to: 'review.deciding', reason: null },
  ),
  'item.reassigned': event(
    'Another member has a role of the item',
    { role: text, to: text },
    { role: 'creator', as: 'owner', from: 'mbr_01KAMJ5SQ0', to: 'mbr_01KAMJ5SQ1', reason: 'leave' },
  ),
  'item.campaign_changed': event(
    'An item joined another campaign, or left its own',
    { from: reason, to: reason },
    { from: null, to: 'cmp_01KAMJ5SQ0', reason: 'it fits there' },
  ),
  'item.escalated': event(
    'An item needs somebody above: it is overdue, or was sent back too often',
    { because: text },
    { because: 'revision_limit', round: 4, to: 'strategist' },
  ),
  'item.cancelled': event(
    'An item was given up; what is published stays published',
    { reason },
    { reason: 'The launch moved', released: [], stayPublished: [] },
  ),
  'item.closed': event('An item has its verdict', { decision: reason }, { decision: 'scale' }),
  'brief.saved': event('A version of the brief was saved', version, VERSION_EXAMPLE),
  'draft.saved': event('A version of the draft was saved', version, VERSION_EXAMPLE),
  'handoff.offered': event(
    'Somebody is asked to take the item over',
    { ...handoff, to: text, memberId: reason },
    { ...HANDOFF_EXAMPLE, to: 'creator', memberId: 'mbr_01KAMJ5SQ0', briefHash: HASH_EXAMPLE },
  ),
  'handoff.withdrawn': event('An offer was taken back', handoff, HANDOFF_EXAMPLE),
  'handoff.accepted': event(
    'The item was taken over',
    { ...handoff, role: text, memberId: text },
    { ...HANDOFF_EXAMPLE, role: 'creator', memberId: 'mbr_01KAMJ5SQ0', warnings: [] },
  ),
  'handoff.declined': event(
    'An offer was declined',
    { ...handoff, reason },
    { ...HANDOFF_EXAMPLE, reason: 'wrong_audience', commentId: null },
  ),
  'approval.requested': event(
    'The approvers of the gate are asked to decide about one content hash',
    { approvalSet: z.int(), contentHash: text, roles: z.array(text) },
    { approvalSet: 1, contentHash: HASH_EXAMPLE, roles: ['editor'] },
  ),
  'approval.decided': event(
    'An approver decided',
    {
      approvalSet: z.int(),
      role: text,
      decision: z.enum(['approve', 'request_changes']),
      contentHash: text,
      reason,
    },
    {
      approvalSet: 1,
      role: 'editor',
      decision: 'approve',
      contentHash: HASH_EXAMPLE,
      reason: null,
      commentId: null,
    },
  ),
  'revision.acknowledged': event(
    'The strategist accepts one more revision than the playbook allows',
    { round: z.int() },
    { round: 4 },
  ),
  'approval.voided': event(
    'The content changed: its approvals no longer hold',
    { approvalSet: z.int(), contentHash: text, because: text },
    { approvalSet: 1, contentHash: HASH_EXAMPLE, because: 'edited' },
  ),
  'publication.planned': event('A post has its slot', post, POST_EXAMPLE),
  'publication.unscheduled': event('A post lost its slot', post, POST_EXAMPLE),
  'publication.published': event(
    'A post is live',
    {
      ...post,
      contentHash: text.nullable(),
      publishedAt: instant,
      permalink: text.nullable(),
      remoteId: text.nullable(),
    },
    {
      ...POST_EXAMPLE,
      contentHash: HASH_EXAMPLE,
      publishedAt: '2030-01-02T08:30:02.000Z',
      permalink: 'https://example.org/p/1',
      remoteId: '1',
      evidence: null,
    },
  ),
  'publication.rejected': event(
    'The network refused a post',
    { ...post, evidence },
    { ...POST_EXAMPLE, evidence: 'the text is a duplicate' },
  ),
  'publication.unknown': event(
    'Nobody knows whether a post is live: a person has to look',
    { ...post, evidence },
    { ...POST_EXAMPLE, evidence: 'no answer in time' },
  ),
  'publication.missed': event(
    'The slot of a post passed without it',
    { ...post, evidence },
    { ...POST_EXAMPLE, evidence: 'its slot passed more than 15 minutes ago' },
  ),
  'publication.returned': event(
    'A post was not sent: what was to go out is not what was approved. It needs its approvals again',
    { ...post, evidence },
    { ...POST_EXAMPLE, evidence: 'the content changed after its approval' },
  ),
  'publication.skipped': event('A post was given up', post, {
    ...POST_EXAMPLE,
    evidence: 'not approved in time',
    released: true,
  }),
  'publication.slot_released': event(
    'A slot was given up at its deadline; with the slot proposed instead, or null',
    post,
    { ...POST_EXAMPLE, released: true, proposedAt: null, proposal: null },
  ),
  'publication.resolved': event(
    'A person said what became of a post',
    { ...post, was: text, outcome: text },
    { ...POST_EXAMPLE, was: 'unknown', outcome: 'live', evidence: 'seen on the account' },
  ),
  'kpi_checkpoint.recorded': event('A checkpoint has its readings', checkpoint, CHECKPOINT_EXAMPLE),
  'kpi_checkpoint.missing': event('A checkpoint passed without readings', checkpoint, {
    ...CHECKPOINT_EXAMPLE,
    unavailable: [{ source: 'matomo', reason: 'Matomo: it answered 503' }],
  }),
  'kpi_review.opened': event(
    'The KPI review is open; its readings are being frozen',
    { reviewId: text, number: z.int() },
    { ...REVIEW_EXAMPLE, number: 1 },
  ),
  'kpi_review.frozen': event(
    'The readings of the review are frozen under a hash: it can be signed',
    { reviewId: text, hash: text },
    { ...REVIEW_EXAMPLE, hash: HASH_EXAMPLE },
  ),
  'kpi_review.signed_off': event(
    'A role signed the review',
    { reviewId: text, role: text, decision: text },
    { ...REVIEW_EXAMPLE, reviewHash: HASH_EXAMPLE, role: 'strategist', decision: 'scale' },
  ),
  'kpi_review.returned': event(
    'Nobody agreed to a decision against the recommendation: the strategist decides again',
    { reviewId: text, decision: text },
    { ...REVIEW_EXAMPLE, decision: 'scale' },
  ),
  'kpi_review.extended': event(
    'The review asks for one more checkpoint',
    { reviewId: text, to: text },
    { ...REVIEW_EXAMPLE, to: '+60d' },
  ),
  'kpi_review.closed': event(
    'All three roles signed',
    { reviewId: reason, decision: reason },
    { ...REVIEW_EXAMPLE, decision: 'scale', dissent: [], notMeasured: [] },
  ),
  'clock.extended': event(
    'A stage has a later deadline',
    { stage: text, from: instant, to: instant, reason },
    {
      stage: 'review',
      from: '2030-01-01T12:00:00.000Z',
      to: '2030-01-02T12:00:00.000Z',
      reason: 'The figures are being checked',
    },
  ),
  'sla.warned': event('A part of the time of a stage is over', step, STEP_EXAMPLE),
  'sla.breached': event('The time of a stage is over', step, { ...STEP_EXAMPLE, percent: 100 }),
} as const;
