import { expect, it } from 'vitest';
import { newId } from '../../db/ids.ts';
import { intentKeyOf, markerOf } from './publication-intent.ts';

const SAME = { itemId: 'itm_1', channelAccountId: 'cha_1', slotNumber: 1 };

it('two installations on one network never share a key or a marker, even with all else alike', () => {
  const keys = Array.from({ length: 1_000 }, () =>
    intentKeyOf({ ...SAME, workspaceId: newId('workspace') }),
  );
  expect(new Set(keys).size).toBe(1_000);
  expect(new Set(keys.map(markerOf)).size).toBe(1_000);
});

it('the same post has the same key, and each part of its identity makes another', () => {
  const one = { ...SAME, workspaceId: 'wsp_1' };
  expect(intentKeyOf({ ...one })).toBe(intentKeyOf(one));
  const others = [
    { ...one, workspaceId: 'wsp_2' },
    { ...one, itemId: 'itm_2' },
    { ...one, channelAccountId: 'cha_2' },
    { ...one, slotNumber: 2 },
  ].map(intentKeyOf);
  expect(new Set([intentKeyOf(one), ...others]).size).toBe(5);
});
