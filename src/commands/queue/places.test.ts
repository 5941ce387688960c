import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Places } from './places.ts';

const LIVELY = { isSilent: false };
const SILENT = { isSilent: true };
const never = () => new Promise<void>(() => {});

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

/** Runs that do not answer take every place that they get, and step aside. */
async function fill(places: Places, of: { isSilent: boolean }): Promise<number> {
  let taken = 0;
  for (;;) {
    const free = of.isSilent ? places.free.silent : places.free.lively;
    if (free === 0) return taken;
    for (let count = 0; count < free; count += 1) void places.occupy(never, of);
    taken += free;
    await vi.advanceTimersByTimeAsync(1_000);
  }
}

describe('places', () => {
  it('are few for those at work, and free again for the next when a run does not answer', async () => {
    const places = new Places();
    expect(places.free).toEqual({ lively: 8, silent: 8 });
    for (let count = 0; count < 8; count += 1) void places.occupy(never, LIVELY);
    expect(places.free).toEqual({ lively: 0, silent: 0 });
    await vi.advanceTimersByTimeAsync(150);
    expect(places.free.lively).toBe(8);
  });

  it('have an end, and some stay free for runs that answer', async () => {
    const places = new Places();
    const silent = await fill(places, SILENT);
    expect(places.free).toEqual({ lively: 8, silent: 0 });
    const lively = await fill(places, LIVELY);
    expect([silent, silent + lively]).toEqual([32, 64]);
    expect(places.free).toEqual({ lively: 0, silent: 0 });
  });

  it('are given back once, by work that fails too, and tell who waits for one', async () => {
    const places = new Places();
    const { change } = places;
    await expect(places.occupy(() => Promise.reject(new Error('no')), SILENT)).rejects.toThrow(
      'no',
    );
    await change;
    await vi.advanceTimersByTimeAsync(1_000);
    expect(places.free).toEqual({ lively: 8, silent: 8 });
  });
});
