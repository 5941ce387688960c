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
  // What a thread is given in production is no matter here: on a busy machine it starts late.
  const patience = { workspaceId: 'wsp_1', doneWithinMs: 120_000 };
  expect(await runInThread(REVIEW, asked, patience)).toEqual(judgeReview(asked));
});

it('keeps all that it judged by: judged again with that, it says the same', () => {
  const post = { publicationId: PUBLICATIONS[0].id };
  const context = {
    publications: [PUBLICATIONS[0]],
    checkpoints: [
      { ...post, checkpoint: '+24h', state: 'recorded' as const },
      { ...post, checkpoint: '+7d', state: 'due' as const },
    ],
    reviews: [],
  } as unknown as ItemContext;
  const asked = {
    context,
    brief: {
      kpiTargets: [
        { kpi: 'shares' as const, target: 30, checkpoint: '+24h' },
        { kpi: 'shares' as const, target: 50, checkpoint: '+7d' },
      ],
      guardrails: [{ kpi: 'shares' as const, checkpoint: '+24h' }],
      evergreen: true,
    },
    readings: readingsOf({ shares: 60 }, { ...post, checkpoint: '+24h' }),
    past: [
      {
        scope: 'item' as const,
        ageHours: 24,
        figure: 'shares:shares',
        values: [50, 51, 52, 53, 54, 55, 56, 57, 58],
      },
    ],
  };
  const judged = judgeReview(asked);
  const { targets: kpiTargets, guardrails, evergreen, checkpoints, past } = judged.body;
  expect(judged.body.verdicts.guardrails?.[0]?.comparison).toBeDefined();
  const again = (change: object = {}) =>
    judgeReview({
      ...asked,
      context: { ...context, checkpoints },
      brief: { kpiTargets, guardrails, evergreen },
      past,
      ...change,
    });
  expect(again()).toEqual(judged);
  // Each of them would turn something.
  const closed = checkpoints.map((one) => ({ ...one, state: 'missing' as const }));
  for (const change of [
    { context: { ...context, checkpoints: closed } },
    { past: [] },
    { brief: { kpiTargets, evergreen } },
  ]) {
    expect(again(change).hash).not.toBe(judged.hash);
  }
});
