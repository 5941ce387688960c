import { describe, expect, it } from 'vitest';
import { createFlights } from './flights.ts';

/** Work whose end the test decides. */
function controlled() {
  const ends: { resolve: (value: number) => void; reject: (error: Error) => void }[] = [];
  return {
    ends,
    compute: () => {
      const { promise, resolve, reject } = Promise.withResolvers<number>();
      ends.push({ resolve, reject });
      return promise;
    },
  };
}

const settled = () => new Promise((resolve) => setImmediate(resolve));

describe('work that is shared', () => {
  it('is never older than the question: who asks meanwhile gets the next run together', async () => {
    const flights = createFlights<number>();
    const { ends, compute } = controlled();
    const first = flights.get('key', compute);
    const meanwhile = [flights.get('key', compute), flights.get('key', compute)];
    expect(ends).toHaveLength(1);
    ends[0]?.resolve(1);
    expect(await first).toBe(1);
    await settled();
    expect(ends).toHaveLength(2);
    ends[1]?.resolve(2);
    expect(await Promise.all(meanwhile)).toEqual([2, 2]);
  });

  it('is begun again after a failure, and keeps keys apart', async () => {
    const flights = createFlights<number>();
    const { ends, compute } = controlled();
    const failing = flights.get('a', compute);
    const other = flights.get('b', compute);
    const next = flights.get('a', compute);
    ends[0]?.reject(new Error('not now'));
    ends[1]?.resolve(7);
    await expect(failing).rejects.toThrow('not now');
    expect(await other).toBe(7);
    await settled();
    ends[2]?.resolve(3);
    expect(await next).toBe(3);
  });
});
