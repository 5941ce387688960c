import { describe, expect, it } from 'vitest';
import { judgeDeliveries } from './judge-deliveries.ts';

const wanted = new Map([
  ['itm_a', ['evt_a_1_0', 'evt_a_2_0', 'evt_a_3_0']],
  ['itm_b', ['evt_b_1_0']],
]);
const came = (itemId: string, id: string, body = id) => ({ id, body, itemId, seq: 1 });
const all = [
  came('itm_a', 'evt_a_1_0'),
  came('itm_b', 'evt_b_1_0'),
  came('itm_a', 'evt_a_2_0'),
  came('itm_a', 'evt_a_3_0'),
];
const FINE = { lost: [], changed: [], disordered: [], repeated: 0 };

describe('what a subscriber received', () => {
  it('is fine when each event came, in order per item', () => {
    expect(judgeDeliveries(wanted, all)).toEqual(FINE);
  });

  it('may come again as the same, at any time', () => {
    const again = [...all, came('itm_a', 'evt_a_1_0')];
    expect(judgeDeliveries(wanted, again)).toEqual({ ...FINE, repeated: 1 });
  });

  it('may not come again with another body', () => {
    const again = [...all, came('itm_a', 'evt_a_1_0', 'other')];
    expect(judgeDeliveries(wanted, again).changed).toEqual(['evt_a_1_0 came with another body']);
  });

  it('may not come under another id', () => {
    const other = [...all, came('itm_a', 'evt_a_1_9')];
    expect(judgeDeliveries(wanted, other).changed).toEqual(['evt_a_1_9 is no event of its item']);
  });

  it('may tell between them what the watch found about an item', () => {
    const finding = { ...came('itm_a', 'evt_found'), seq: null };
    const told = [...all.slice(0, 2), finding, ...all.slice(2)];
    expect(judgeDeliveries(wanted, told)).toEqual(FINE);
  });

  it('may not leave an event out', () => {
    expect(judgeDeliveries(wanted, all.slice(0, 3)).lost).toEqual(['evt_a_3_0 never came']);
  });

  it('may not bring an event before an earlier one of its item', () => {
    const [first, second, third, fourth] = all;
    const mixed = [first, second, fourth, third].filter((one) => one !== undefined);
    expect(judgeDeliveries(wanted, mixed).disordered).toHaveLength(1);
  });
});
