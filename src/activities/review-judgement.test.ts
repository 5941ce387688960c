import { expect, it } from 'vitest';
import { PUBLICATIONS, readingsOf } from '../../test/support/readings.ts';
import type { ItemContext } from '../domain/item/context.ts';
import { runInThread } from '../threads/threads.ts';
import { judgeReview, REVIEW } from './review-judgement.ts';

it('judges many readings in a thread as here', async () => {
  const asked = {
    context: {
      publications: [PUBLICATIONS[0]],
      checkpoints: [],
      reviews: [],
    } as unknown as ItemContext,
    brief: { kpiTargets: [{ kpi: 'shares' as const, target: 30, checkpoint: '+7d' }] },
    readings: Array.from({ length: 5_000 }, (_, index) =>
      readingsOf(
        { shares: index },
        { publicationId: PUBLICATIONS[0].id, checkpoint: `+${(index % 900) + 1}d` },
      ),
    ).flat(),
  };
  expect(await runInThread(REVIEW, asked, { workspaceId: 'wsp_1' })).toEqual(judgeReview(asked));
});
