import { hashOf } from '../domain/canonical.ts';
import type { Brief } from '../domain/item/content/brief.ts';
import type { ItemContext } from '../domain/item/context.ts';
import type { Reading } from '../domain/kpi/measures.ts';
import { latestOfEachOrigin } from '../domain/kpi/readings.ts';
import { reviewVerdicts } from '../domain/kpi/review.ts';
import { KpiId } from '../domain/kpi/verdict-schema.ts';
import { jobOf, runInThread } from '../threads/threads.ts';

/** More are judged in a thread: others wait for this one's loop. */
const JUDGED_HERE = 500;

/** Targets, readings and verdicts of a review, with the hash over the three. */
export function judgeReview({
  context: { publications, checkpoints },
  targets: stated,
  readings: known,
}: {
  context: Pick<ItemContext, 'publications' | 'checkpoints'>;
  targets: NonNullable<Brief['kpiTargets']>;
  readings: Reading[];
}) {
  const targets = stated.flatMap((target) => {
    const kpi = KpiId.safeParse(target.kpi);
    return kpi.success ? [{ ...target, kpi: kpi.data }] : [];
  });
  const readings = latestOfEachOrigin(known);
  const verdicts = reviewVerdicts({ targets, readings, publications, checkpoints });
  return { targets, readings, verdicts, hash: hashOf({ targets, readings, verdicts }) };
}

export const REVIEW = jobOf(import.meta, judgeReview);

/** The same; much of it in a thread. */
export async function judgeHereOrInThread(
  asked: Parameters<typeof judgeReview>[0],
  { workspaceId }: { workspaceId: string },
): Promise<ReturnType<typeof judgeReview>> {
  return asked.readings.length > JUDGED_HERE
    ? await runInThread(REVIEW, asked, { workspaceId })
    : judgeReview(asked);
}
