import { describe, expect, it } from 'vitest';
import type { StoredItem } from '../db/item/items.ts';
import { newSegments, type Segment } from '../domain/channel/publish-segments.ts';
import type { ApprovalSet, ItemContext, PublicationRecord } from '../domain/item/context.ts';
import { GENESIS_HASH } from '../domain/item/event.ts';
import { itemRowOf } from '../domain/item/row.ts';
import { type ItemSnapshot, startItem } from '../domain/item/run.ts';
import { pinPlaybook } from '../domain/playbook/pin.ts';
import type { Playbook } from '../domain/playbook/playbook.ts';
import { STANDARD_PLAYBOOK } from '../domain/playbook/standard.ts';
import { Item, ItemSummary } from './item-schema.ts';
import { itemSummaryView, itemView } from './item-view.ts';

const AT = '2026-03-02T08:00:00.000Z';
const playbook: Playbook = STANDARD_PLAYBOOK;
const NOW = 'a'.repeat(64);
const BEFORE = 'b'.repeat(64);

/** A row at a place of the machine, its context as the test wants it. */
function rowAt(value: ItemSnapshot['value'], change: Partial<ItemContext> = {}): StoredItem {
  const first = startItem({
    itemId: 'itm_1',
    workspaceId: 'wsp_1',
    playbook: pinPlaybook(playbook),
    team: { strategist: 'mbr_s', creator: 'mbr_c', social_media_manager: null },
    campaign: null,
    brief: null,
    at: AT,
  });
  const snapshot = { ...first.snapshot, value, context: { ...first.snapshot.context, ...change } };
  return {
    id: 'itm_1',
    workspaceId: 'wsp_1',
    title: 'An item',
    campaignId: null,
    playbookName: 'standard',
    playbookVersion: 1,
    headHash: GENESIS_HASH,
    clockOffsetMs: 60_000,
    createdBy: 'mbr_s',
    createdAt: AT,
    updatedAt: AT,
    ...itemRowOf(snapshot, 7),
  };
}

const view = (row: StoredItem, local = false) =>
  Item.strict().parse(itemView(row, { playbook, local }));

function approvals(state: ApprovalSet['state'], contentHash: string, number = 1): ApprovalSet {
  return {
    number,
    contentHash,
    state,
    asked: [
      { role: 'editor', quorum: 'any', members: [] },
      { role: 'legal', quorum: 'all', members: ['mbr_l'] },
    ],
    decisions: [{ role: 'editor', memberId: 'mbr_e', decision: 'approve', contentHash, at: AT }],
  };
}

const record: PublicationRecord = {
  id: 'pub_1_1',
  channelAccountId: 'cha_1',
  channel: 'sandbox',
  slotNumber: 1,
  state: 'planned',
  at: AT,
  local: '2026-03-02T09:00:00',
  zone: 'Europe/Paris',
  contentHash: NOW,
  remoteId: null,
  permalink: null,
  publishedAt: null,
  evidence: null,
};

const draft = {
  version: 3,
  hash: 'd'.repeat(64),
  assetKinds: ['written'],
  variants: {},
  violations: [],
  failedChecks: ['consent'],
};

describe('the view of an item', () => {
  it('says where it is, who owns it and whom it waits for', () => {
    const item = view(rowAt({ briefing: 'drafting' }));
    expect(item).toMatchObject({
      id: 'itm_1',
      stage: 'briefing',
      substage: 'drafting',
      seq: 7,
      assignee: 'mbr_s',
      owner: { role: 'strategist', memberId: 'mbr_s' },
      waitingOn: [{ role: 'strategist', memberId: 'mbr_s', for: 'offer_handoff' }],
      brief: null,
      draft: null,
      gate: null,
      round: 0,
      handoffs: [],
      approvals: [],
    });
    expect(item).not.toHaveProperty('review');
    expect(item.dueAt).not.toBeNull();
  });

  it('names a role alone where nobody is assigned', () => {
    const item = view(rowAt({ scheduling: 'planning' }));
    expect(item.owner).toEqual({ role: 'social_media_manager', memberId: null });
    expect(item.waitingOn).toEqual([{ role: 'social_media_manager', for: 'plan_schedule' }]);
  });

  it('shows the clock’s offset on the local stack and nowhere else', () => {
    expect(view(rowAt({ briefing: 'drafting' }), true).clockOffset).toBe(60_000);
    expect(view(rowAt({ briefing: 'drafting' }))).not.toHaveProperty('clockOffset');
    const summary = itemSummaryView(rowAt({ briefing: 'drafting' }), { local: true });
    expect(ItemSummary.strict().parse(summary).clockOffset).toBe(60_000);
  });

  it('marks every approval that no longer counts', () => {
    const voidedOf = (sets: ApprovalSet[], contentHash: string) =>
      view(rowAt({ review: 'deciding' }, { approvals: sets, contentHash })).approvals.map(
        ({ voided }) => voided ?? false,
      );
    expect(voidedOf([approvals('open', NOW)], NOW)).toEqual([false]);
    expect(voidedOf([approvals('granted', NOW)], NOW)).toEqual([false]);
    expect(voidedOf([approvals('granted', BEFORE)], NOW)).toEqual([true]);
    expect(voidedOf([approvals('changes_requested', NOW)], NOW)).toEqual([true]);
    expect(voidedOf([approvals('voided', NOW)], NOW)).toEqual([true]);
    expect(voidedOf([approvals('granted', NOW), approvals('open', NOW, 2)], NOW)).toEqual([
      true,
      false,
    ]);
  });

  it('says of each asked role whether its quorum is reached', () => {
    const item = view(
      rowAt({ review: 'deciding' }, { approvals: [approvals('open', NOW)], contentHash: NOW }),
    );
    expect(item.gate?.asked).toEqual([
      { role: 'editor', quorum: 'any', reached: true },
      { role: 'legal', quorum: 'all', reached: false },
    ]);
    expect(item.waitingOn).toEqual([{ role: 'legal', for: 'decide_approval' }]);
  });

  it('gives a publication its marker before it is sent, and leaves out what is not known', () => {
    const [planned] = view(rowAt('scheduled', { publications: [record] })).publications;
    expect(planned?.marker).toMatch(/^btn-[0-9a-f]{20}$/);
    expect(planned).not.toHaveProperty('remoteId');
    const out = { ...record, state: 'published' as const, remoteId: 'r1', publishedAt: AT };
    const [published] = view(rowAt('measuring', { publications: [out] })).publications;
    expect(published).toMatchObject({ remoteId: 'r1', publishedAt: AT, marker: planned?.marker });
  });

  it('shows the texts of a thread with what is out, and none of a single post', () => {
    const row = rowAt('publishing', { publications: [{ ...record, state: 'unknown' }] });
    const { channelAccountId, slotNumber } = record;
    const [one, two] = newSegments('key', [{ text: 'one' }, { text: 'two' }]);
    if (one === undefined || two === undefined) throw new Error('two texts');
    const out = { ...one, state: 'published' as const, permalink: 'https://example.org/1' };
    const shown = (segments: Segment[]) =>
      itemView(row, {
        playbook,
        local: false,
        intents: [{ channelAccountId, slotNumber, segments }],
      }).publications[0]?.segments;
    expect(shown([out, two])).toEqual([
      { position: 0, state: 'published', permalink: 'https://example.org/1' },
      { position: 1, state: 'waiting' },
    ]);
    expect(shown([out])).toBeUndefined();
  });

  it('shows the checklist of the next handoff: ticks come with it, the machine looks by itself', () => {
    const brief = view(rowAt({ briefing: 'drafting' })).checklist;
    expect(brief.map(({ done }) => done)).toEqual(brief.map(() => false));
    const review = view(rowAt({ creation: 'drafting' }, { draft })).checklist;
    const done = Object.fromEntries(review.map((entry) => [entry.code, entry.done]));
    expect(done).toMatchObject({ alt_text: true, consent: false, matches_brief: false });
    expect(review[0]?.label).toBe('Every visual has alt text');
    expect(view(rowAt({ creation: 'drafting' })).checklist.every((entry) => !entry.done)).toBe(
      true,
    );
    expect(view(rowAt({ scheduling: 'planning' })).checklist).toEqual([]);
  });

  it('keeps the checklist of where a held item comes from', () => {
    const held = rowAt('on_hold', {
      heldFrom: 'creation.drafting',
      held: { by: 'mbr_c', at: AT, stageEnteredAt: AT },
      stage: 'creation',
    });
    const item = view(held);
    expect(item).toMatchObject({ stage: 'on_hold', heldFrom: 'creation.drafting' });
    expect(item.checklist.length).toBeGreaterThan(0);
  });

  it('still shows codes when the playbook’s row is gone', () => {
    const item = itemView(rowAt({ briefing: 'drafting' }), { playbook: null, local: false });
    expect(item.checklist[0]).toMatchObject({ label: item.checklist[0]?.code, kind: 'human' });
  });

  it('says which roles have not signed', () => {
    const review = {
      id: 'rev_1_1',
      number: 1,
      hash: NOW,
      extendTo: null,
      signOffs: [
        { role: 'strategist' as const, memberId: 'mbr_s', decision: 'scale' as const, at: AT },
      ],
    };
    const item = view(rowAt('kpi_review', { reviews: [review] }));
    expect(item.review).toMatchObject({ number: 1, missing: ['creator', 'social_media_manager'] });
    expect(item.review).not.toHaveProperty('extendTo');
  });
});
