import { expect, it } from 'vitest';
import { actLines } from './collect.ts';

/** Acts in pages; `shown` says which of them have their record. */
async function* acts(pages: number, shown: (seq: number) => boolean) {
  for (let page = 0; page < pages; page += 1) {
    yield Array.from({ length: 10 }, (_, index) => {
      const seq = page * 10 + index + 1;
      return { seq, prevHash: 'a', hash: 'b', record: shown(seq) ? 'é'.repeat(20) : null };
    });
  }
}

it.each([
  ['the last act of each page', (seq: number) => seq % 10 === 0],
  ['the first and the last act', (seq: number) => seq === 1 || seq === 100],
  ['one act in the middle', (seq: number) => seq === 41],
])('charges for acts what they take, once: %s is shown', async (_, shown) => {
  const room = { bytes: 100_000 };
  const { lines } = await actLines(acts(10, shown), room);
  expect(100_000 - room.bytes).toBe(Buffer.byteLength(lines));
});

it('refuses acts that take more than there is room for', async () => {
  await expect(
    actLines(
      acts(10, () => true),
      { bytes: 100 },
    ),
  ).rejects.toThrow('more than');
});
