import { describe, expect, it } from 'vitest';
import { OUTBOUND, SLOT_RELEASED } from '../item/row.ts';
import { bodyOf, type EventToTell, isWanted } from './body.ts';
import { bodySchemaOf, exampleOf, OUTBOUND_EVENT_TYPES } from './catalogue.ts';
import { ITEM_EVENTS } from './item-events.ts';

const standing = {
  stage: 'review',
  substage: 'deciding',
  waitingOn: [{ role: 'editor', for: 'decide_approval' }],
  dueAt: '2030-01-01T12:00:00.000Z',
  contentHash: 'a'.repeat(64),
  handoffId: null,
  reviewHash: null,
};
const event: EventToTell = {
  id: 'evt_1_7_0',
  workspaceId: 'wsp_1',
  itemId: 'itm_1',
  seq: 7,
  type: 'approval.requested',
  createdAt: '2030-01-01T10:00:00.000Z',
  payload: {
    at: '2030-01-01T09:59:59.000Z',
    actor: 'mbr_1',
    data: {
      commandId: 'http:key_1:secret',
      approvalSet: 1,
      contentHash: 'a'.repeat(64),
      roles: ['editor'],
    },
    standing,
  },
};
const item = { title: 'A piece', campaignId: 'cmp_1', stage: 'scheduling', substage: null };

describe('the catalogue of outbound events', () => {
  it('has every type of an item that is put into the outbox, and no other', () => {
    expect(Object.keys(ITEM_EVENTS).sort()).toEqual([...OUTBOUND, SLOT_RELEASED].sort());
  });

  it.each(OUTBOUND_EVENT_TYPES)('has an example of %s that is valid', (type) => {
    expect(bodySchemaOf(type).safeParse(exampleOf(type)).error).toBeUndefined();
  });
});

describe('a body', () => {
  it('says what the receiver needs to decide, as it stood at the event', () => {
    const body = JSON.parse(bodyOf(event, { item, endpoint: '/v1/webhooks/whe_1' }));
    expect(bodySchemaOf('approval.requested').parse(body)).toEqual({
      type: 'approval.requested',
      timestamp: '2030-01-01T09:59:59.000Z',
      data: {
        approvalSet: 1,
        contentHash: 'a'.repeat(64),
        roles: ['editor'],
        workspaceId: 'wsp_1',
        eventId: 'evt_1_7_0',
        actor: 'mbr_1',
        seq: 7,
        itemId: 'itm_1',
        item: {
          id: 'itm_1',
          title: 'A piece',
          stage: 'review',
          substage: 'deciding',
          campaignId: 'cmp_1',
        },
        waitingOn: [{ role: 'editor', for: 'decide_approval' }],
        dueAt: '2030-01-01T12:00:00.000Z',
        answer: { endpoint: '/v1/webhooks/whe_1', contentHash: 'a'.repeat(64) },
      },
    });
  });

  it('says nothing of commands', () => {
    expect(bodyOf(event, { item, endpoint: null })).not.toContain('secret');
  });

  it.each([
    ['a long text', { evidence: '🎉'.repeat(30_000) }],
    ['a long list', { released: Array.from({ length: 10_000 }, () => 'x'.repeat(400)) }],
    [
      'many fields',
      Object.fromEntries(Array.from({ length: 5_000 }, (_, n) => [`f${n}`, 'x'.repeat(99)])),
    ],
    ['a deep one', JSON.parse('['.repeat(500) + ']'.repeat(500))],
  ])('stays under 20 kB with %s, and is JSON', (_, data) => {
    const payload = { ...event.payload, data: { ...(data as object) } };
    const text = bodyOf(
      { ...event, payload },
      { item: { ...item, title: '🎉'.repeat(9_000) }, endpoint: null },
    );
    expect(Buffer.byteLength(text)).toBeLessThanOrEqual(20_000);
    expect(JSON.parse(text).data.eventId).toBe(event.id);
    expect(text.isWellFormed()).toBe(true);
  });

  it.each(['2031-05-05T00:00:00.000Z', null])('keeps the event’s own deadline: %s', (dueAt) => {
    const payload = { ...event.payload, data: { stage: 'review', percent: 80, dueAt } };
    const told = (data: object) =>
      JSON.parse(bodyOf({ ...event, payload: { ...payload, data } }, { item, endpoint: null }))
        .data;
    expect(told(payload.data).dueAt).toBe(dueAt);
    const long = Object.fromEntries(Array.from({ length: 5_000 }, (_, n) => [`f${n}`, 'x']));
    expect(told({ ...long, dueAt })).toMatchObject({ dueAt, truncated: true });
  });

  it('cannot be told by an event whose it is', () => {
    const payload = { data: { workspaceId: 'wsp_other', eventId: 'x', item: { title: 'y' } } };
    const { data } = JSON.parse(bodyOf({ ...event, payload }, { item, endpoint: null }));
    expect(data).toMatchObject({
      workspaceId: 'wsp_1',
      eventId: event.id,
      item: { title: 'A piece' },
    });
  });
});

describe('a subscription wants', () => {
  it.each([
    [['*'], {}, true],
    [['approval.requested'], {}, true],
    [['approval.voided'], {}, false],
    [['*'], { stage: 'review' }, true],
    [['*'], { stage: 'scheduling' }, false],
    [['*'], { role: 'editor' as const }, true],
    [['*'], { role: 'legal' as const }, false],
    [['*'], { campaignId: 'cmp_1' }, true],
    [['*'], { campaignId: 'cmp_2' }, false],
    [['*'], { stage: 'review', role: 'editor' as const, campaignId: 'cmp_1' }, true],
  ])('%j with %j: %s', (types, filter, wanted) => {
    expect(isWanted(event, item, { types, filter })).toBe(wanted);
  });

  it('nothing without an item where it asks for a stage or a campaign', () => {
    const ofWorkspace = { ...event, itemId: null, seq: null, payload: {} };
    expect(isWanted(ofWorkspace, null, { types: ['*'], filter: { stage: 'review' } })).toBe(false);
    expect(isWanted(ofWorkspace, null, { types: ['*'], filter: { campaignId: 'c' } })).toBe(false);
    expect(isWanted(ofWorkspace, null, { types: ['*'], filter: {} })).toBe(true);
  });
});
