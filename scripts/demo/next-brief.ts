import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { shownPath } from './shown-path.ts';
import type { Story } from './story.ts';

/** The review as a page, and the next item with what it taught. */
export async function carryOn(story: Story, itemId: string): Promise<void> {
  const { narrator, cast, stateDir } = story;
  const { strategist, creator } = cast;
  const { items } = strategist.client;
  narrator.chapter('The next brief');
  const page = join(stateDir, `kpi-review-${itemId}.html`);
  await writeFile(page, await (await items.kpiReviewDocument(itemId, 'html')).text());
  const { reviewId, decision } = await items.kpiReview(itemId);
  narrator.facts({
    'review as a page': shownPath(page),
    decision: `${decision?.decision} by ${decision?.owner.name}, ${decision?.at.slice(0, 10)}`,
  });
  if (reviewId === null) throw new Error(`${itemId} has no review`);
  const next = await items.start({ fromReview: reviewId });
  const again = await items.start({ fromReview: reviewId });
  if (again.item.id !== next.item.id) throw new Error(`${reviewId} has two next items`);
  narrator.done(strategist.name, `starts ${next.item.id} from the review; asked twice, it is one`);
  const { brief } = await creator.client.items.brief(next.item.id);
  const { learnings = [] } = await creator.client.items.get(next.item.id);
  narrator.facts({
    title: next.item.title,
    pillar: brief.pillar ?? 'none',
    learnings: brief.learnings ?? 'none',
    offered: learnings.map(({ claim }) => claim).join(' · '),
  });
}
