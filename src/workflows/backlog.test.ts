import { describe, expect, it } from 'vitest';
import { chainEvents, GENESIS_HASH } from '../domain/item/event.ts';
import { Backlog } from './backlog.ts';
import type { ContentItemInput, ContinuedRun } from './messages.ts';

const stamp = { at: '2026-01-01T00:00:00.000Z', actor: 'system', commandId: null };
const record = { type: 'sla.warned' as const, data: {} };

function backlogOf(continued?: Pick<ContinuedRun, 'head' | 'unprojected'>): Backlog {
  const item = { workspaceId: 'wsp_1', itemId: 'itm_1' };
  const input = { item, ...(continued && { continued: { ...continued, seen: [] } }) };
  // What else an item is started with does not matter here.
  return new Backlog(input as unknown as ContentItemInput);
}

function chainOf(length: number) {
  return chainEvents({ seq: 0, hash: GENESIS_HASH }, Array(length).fill(record), stamp);
}

const at = (chain: ReturnType<typeof chainOf>, seq: number) => ({
  seq,
  headHash: chain[seq - 1]?.hash ?? GENESIS_HASH,
});

describe('the first events of a run', () => {
  it('are those that its starter made, whatever the run would have made itself', () => {
    const backlog = backlogOf();
    const made = chainEvents(
      { seq: 0, hash: GENESIS_HASH },
      [{ ...record, data: { release: 'another' } }],
      stamp,
    );
    backlog.adopt(made);
    expect(backlog.divergenceFrom(at(made, 1))).toBeNull();
    const [next] = backlog.append([record], stamp);
    expect(next).toMatchObject({ seq: 2, prevHash: made[0]?.hash });
  });
});

describe('a row beside the chain of its run', () => {
  it('may stand at every event that it had, and before the first', () => {
    const backlog = backlogOf();
    const chain = backlog.append(Array(5).fill(record), stamp);
    for (let seq = 0; seq <= 5; seq += 1) {
      expect(backlog.divergenceFrom(at(chain, seq)), `at ${seq}`).toBeNull();
    }
  });

  it('stands elsewhere with another hash, and beyond the end with any', () => {
    const backlog = backlogOf();
    const chain = backlog.append(Array(5).fill(record), stamp);
    const headHash = 'e'.repeat(64);
    const runHash = chain[4]?.hash;
    expect(backlog.divergenceFrom({ seq: 3, headHash })).toEqual({
      rowSeq: 3,
      rowHash: headHash,
      runSeq: 5,
      runHash,
      runHashAtRow: chain[2]?.hash,
    });
    expect(backlog.divergenceFrom({ seq: 6, headHash })).toEqual({
      rowSeq: 6,
      rowHash: headHash,
      runSeq: 5,
      runHash,
      runHashAtRow: null,
    });
  });

  it('is not judged further back than the run knows, and no run knows everything', () => {
    const backlog = backlogOf();
    backlog.append(Array(1_000).fill(record), stamp);
    const headHash = 'e'.repeat(64);
    expect(backlog.divergenceFrom({ seq: 1, headHash })).toBeNull();
    expect(backlog.divergenceFrom({ seq: 900, headHash })).not.toBeNull();
  });

  it('may be behind a run that continued by what that carried over, and not by another chain', () => {
    const chain = chainOf(6);
    const head = { seq: 6, hash: chain[5]?.hash ?? '' };
    const backlog = backlogOf({ head, unprojected: chain.slice(3) });
    for (let seq = 3; seq <= 6; seq += 1) {
      expect(backlog.divergenceFrom(at(chain, seq)), `at ${seq}`).toBeNull();
      expect(backlog.divergenceFrom({ seq, headHash: 'e'.repeat(64) })).not.toBeNull();
    }
    expect(backlog.divergenceFrom({ seq: 2, headHash: 'e'.repeat(64) })).toBeNull();
  });
});
