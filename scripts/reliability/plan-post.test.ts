import { describe, expect, it } from 'vitest';
import type { People } from './people.ts';
import { planPost } from './plan-post.ts';

const post = { itemId: 'itm_1', account: { id: 'cha_1' } };
const LATE = 'PUT /v1/items/itm_1/schedule: 409 {"detail":"slot_in_future: it is not"}';

/** People whose first requests are refused with `refusals`. */
function peopleWhoHear(refusals: readonly string[]) {
  const asked: unknown[] = [];
  const people: People = {
    idOf: () => 'mem_1',
    async ask<Answer>(_role: string, _method: string, _path: string, body?: object) {
      asked.push(body);
      const refusal = refusals[asked.length - 1];
      if (refusal !== undefined) throw new Error(refusal);
      return {} as Answer;
    },
  };
  return { people, asked };
}

function clock(): () => number {
  let now = 0;
  return () => (now += 1_000);
}

const planOf = (at: string) => ({ publications: [{ channelAccountId: 'cha_1', at }] });

describe('a post that is planned', () => {
  it('gets a later slot when its request was heard after the first', async () => {
    const { people, asked } = peopleWhoHear([LATE, LATE]);
    await planPost(people, post, clock());
    expect(asked).toEqual([
      planOf('1970-01-01T00:00:01.000Z'),
      planOf('1970-01-01T00:00:02.000Z'),
      planOf('1970-01-01T00:00:03.000Z'),
    ]);
  });

  it('is given up after three slots', async () => {
    const { people, asked } = peopleWhoHear([LATE, LATE, LATE]);
    await expect(planPost(people, post, clock())).rejects.toThrow('slot_in_future');
    expect(asked).toHaveLength(3);
  });

  it('is not asked for again after another refusal', async () => {
    const { people, asked } = peopleWhoHear(['409 wrong_stage']);
    await expect(planPost(people, post, clock())).rejects.toThrow('wrong_stage');
    expect(asked).toHaveLength(1);
  });
});
