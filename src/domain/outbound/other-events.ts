import { z } from 'zod';
import { CAMPAIGN_EVENTS } from './campaign-events.ts';
import { event, HASH_EXAMPLE, instant, text } from './event-parts.ts';

const finding = { findingId: text, code: text, severity: text };
const FINDING_EXAMPLE = {
  findingId: 'fnd_01KAMJ5SQ0',
  code: 'overdue',
  severity: 'warning',
  since: '2030-01-01T12:00:00.000Z',
  message: 'The review is overdue',
};

/** What is told beside the chains of items. */
export const OTHER_EVENTS = {
  'audit.finding_opened': event('The audit found something', finding, FINDING_EXAMPLE),
  'audit.finding_closed': event('What the audit found is no longer so', finding, FINDING_EXAMPLE),
  'item.reminded': event(
    'Somebody had those whom an item waits for reminded of it',
    { memberIds: z.array(text), remindedAt: instant },
    {
      itemId: 'itm_01KAMJ5SQ0',
      memberIds: ['mbr_01KAMJ5SQ1'],
      remindedAt: '2030-01-01T12:00:00.000Z',
      findingId: 'fnd_01KAMJ5SQ0',
      code: 'overdue',
      waitingOn: [{ role: 'editor', for: 'decide_approval' }],
      dueAt: '2030-01-01T12:00:00.000Z',
      answer: { endpoint: '/v1/webhooks/whe_01KAMJ5SQ0', contentHash: HASH_EXAMPLE },
    },
  ),
  'kpi_review.verdict_flipped': event(
    'Readings that came after a review was frozen turn a verdict: somebody has to decide about it',
    { reviewId: text, addendum: z.int(), hash: text, kpi: text, was: text, is: text },
    {
      itemId: 'itm_01KAMJ5SQ0',
      reviewId: 'rev_01KAMJ5SQ0_1',
      addendum: 1,
      hash: HASH_EXAMPLE,
      kpi: 'click_through_rate',
      was: 'met',
      is: 'missed',
      flips: [],
    },
  ),
  'audit.checkpoint_recorded': event(
    'The ends of the chains were signed: keep it where the database cannot reach it',
    {
      format: z.literal('baton-checkpoint'),
      version: z.int(),
      seq: z.int(),
      at: instant,
      keyId: text,
      headCount: z.int(),
      headsHash: text,
      prevHash: text,
      hash: text,
      signature: text,
      publicKey: text,
    },
    {
      format: 'baton-checkpoint',
      version: 1,
      seq: 12,
      at: '2030-01-01T12:00:00.000Z',
      keyId: '9f86d081884c7d65',
      headCount: 3,
      headsHash: HASH_EXAMPLE,
      prevHash: HASH_EXAMPLE,
      hash: HASH_EXAMPLE,
      signature: 'RzTq0H0tYbS0n9nO3m1oC4c3m2iFz0hQ',
      publicKey: '-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEA…\n-----END PUBLIC KEY-----\n',
    },
  ),
  'administration.recorded': event(
    'Somebody changed the workspace itself: members, keys, accounts, rules',
    { seq: z.int(), act: text, target: text },
    {
      seq: 12,
      at: '2030-01-01T12:00:00.000Z',
      act: 'member.changed',
      target: 'mbr_01KAMJ5SQ0',
      changed: ['active'],
      before: { active: true },
      after: { active: false },
    },
  ),
  ...CAMPAIGN_EVENTS,
  'webhook.test': event(
    'Somebody asked whether this subscription works',
    { subscriptionId: text },
    { subscriptionId: 'whs_01KAMJ5SQ0' },
  ),
  'webhook.delivery_exhausted': event(
    'A receiver did not take an event at any of its attempts',
    { subscriptionId: text, deliveryId: text, eventType: text, attempts: z.int() },
    {
      subscriptionId: 'whs_01KAMJ5SQ0',
      deliveryId: 'whd_01KAMJ5SQ0',
      eventType: 'item.stage_changed',
      attempts: 10,
      exhaustedAt: '2030-01-04T15:00:00.000Z',
    },
  ),
  'webhook.subscription_disabled': event(
    'A receiver answered 410 Gone: nothing more is sent to it',
    { subscriptionId: text, disabledAt: instant },
    { subscriptionId: 'whs_01KAMJ5SQ0', disabledAt: '2030-01-01T12:00:00.000Z' },
  ),
} as const;
