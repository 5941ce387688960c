import { describe, expect, it } from 'vitest';
import type { Db } from '../db/client.ts';
import { chainEvents, GENESIS_HASH } from '../domain/item/event.ts';
import { outboxWithProposals } from './slot-proposals.ts';

/** A database that fails whatever is asked of it. */
const BROKEN = new Proxy({} as Db, {
  get: () => {
    throw new Error('the zone of an account is unknown');
  },
});

const released = chainEvents(
  { seq: 0, hash: GENESIS_HASH },
  [{ type: 'publication.skipped', data: { publicationId: 'pub_1', released: true } }],
  { at: '2030-01-01T10:00:00.000Z', actor: 'system' },
);
const question = { workspaceId: 'wsp_1', itemId: 'itm_1', events: released, context: null };

describe('a proposal that cannot be made', () => {
  it('keeps nothing from being recorded: the event tells no proposal, and the log why', async () => {
    const told: unknown[] = [];
    const rows = await outboxWithProposals(BROKEN, question, {
      warn: (...line) => told.push(line),
    });
    expect(rows.map(({ type }) => type)).toEqual([
      'publication.skipped',
      'publication.slot_released',
    ]);
    expect(rows[1]?.payload).toMatchObject({ itemId: 'itm_1', proposedAt: null, proposal: null });
    expect(told).toEqual([
      [{ itemId: 'itm_1', reason: 'Error: the zone of an account is unknown' }, 'no slot proposed'],
    ]);
  });
});
