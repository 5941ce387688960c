import { afterEach, expect, it } from 'vitest';
import { type ClickCounter, createClickCounter } from './click-counter.ts';

const NOON = Date.parse('2026-03-02T12:00:00Z');
const ONE = { workspaceId: 'wsp_1', code: 'a'.repeat(12) };
const OTHER = { workspaceId: 'wsp_2', code: 'b'.repeat(12) };

let counter: ClickCounter;
afterEach(() => counter.stop());

/** A counter with what it stored, and a database that may be away. */
function opened(options: { most?: number; now?: () => number } = {}) {
  const stored = new Map<string, number>();
  const state = { isAway: false, statements: 0, warnings: [] as object[] };
  counter = createClickCounter({
    flushMs: 3_600_000,
    now: () => NOON,
    async add(workspaceId, counted) {
      state.statements += 1;
      if (state.isAway) throw new Error('connection refused');
      for (const { code, day, clicks } of counted) {
        const key = `${workspaceId} ${code} ${day}`;
        stored.set(key, (stored.get(key) ?? 0) + clicks);
      }
    },
    log: { warn: (fields) => void state.warnings.push(fields) },
    ...options,
  });
  return { stored, state };
}

it('stores 10,000 clicks at once as one row in one statement', async () => {
  const { stored, state } = opened();
  for (let index = 0; index < 10_000; index += 1) counter.note(ONE);
  expect(state.statements).toBe(0);
  await counter.flush();
  expect([...stored]).toEqual([[`wsp_1 ${ONE.code} 2026-03-02`, 10_000]]);
  expect(state.statements).toBe(1);
  await counter.flush();
  expect(state.statements).toBe(1);
});

it('counts by link and day, within the workspace of each', async () => {
  let now = Date.parse('2026-03-02T23:59:59.999Z');
  const { stored } = opened({ now: () => now });
  counter.note(ONE);
  counter.note(OTHER);
  now += 1;
  counter.note(ONE);
  await counter.flush();
  expect(Object.fromEntries(stored)).toEqual({
    [`wsp_1 ${ONE.code} 2026-03-02`]: 1,
    [`wsp_1 ${ONE.code} 2026-03-03`]: 1,
    [`wsp_2 ${OTHER.code} 2026-03-02`]: 1,
  });
});

it('keeps what a database that is away could not take', async () => {
  const { stored, state } = opened();
  state.isAway = true;
  counter.note(ONE);
  await counter.flush();
  counter.note(ONE);
  await counter.flush();
  expect(state.warnings).toHaveLength(2);
  state.isAway = false;
  await counter.flush();
  expect([...stored.values()]).toEqual([2]);
});

it('holds so many links and no more, and says what it lost', async () => {
  const { stored, state } = opened({ most: 3 });
  for (const letter of 'abcdef') counter.note({ ...ONE, code: letter.repeat(12) });
  counter.note(ONE);
  await counter.flush();
  expect([...stored.values()]).toEqual([2, 1, 1]);
  expect(state.warnings).toEqual([{ lost: 3 }]);
  counter.note({ ...ONE, code: 'f'.repeat(12) });
  await counter.flush();
  expect(stored.size).toBe(4);
});

it('stores the rest when it stops', async () => {
  const { stored } = opened();
  counter.note(ONE);
  await counter.stop();
  expect([...stored.values()]).toEqual([1]);
});
