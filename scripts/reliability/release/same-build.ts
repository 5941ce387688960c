import type { TemporaryStack } from '../../local/temporary-stack.ts';
import type { WantedPost } from '../items.ts';
import type { RunOptions } from '../line.ts';
import type { Part } from '../replacements.ts';
import { openSite } from '../site.ts';
import { inLanes } from '../time.ts';
import { beginItem, holdItem, takeStep } from './item-steps.ts';
import { writeReleaseBundle } from './release-bundle.ts';
import { divergencesOf } from './run-heads.ts';

/** What may be changed under the name of the build that runs are on: no step of theirs is another one. */
const CHANGES: readonly Part[] = ['nextRules', 'nextGuards'];
const LANES = 4;

/**
 * A stricter release that says it is the build which is there: the open runs are its own from then on.
 * What was accepted is all that keeps them as they were.
 * @param options.control its runs judge again what was accepted.
 * @returns what is wrong with the items, before people go on with them and after.
 */
export async function runSameBuild(
  stack: TemporaryStack,
  { n, seed, control, progress }: RunOptions,
): Promise<string[]> {
  const environment = { BATON_BUILD_ID: 'by-name' };
  const parts: Part[] = control ? [...CHANGES, 'judgingSteps'] : [...CHANGES];
  const bundle = await writeReleaseBundle(stack.directory, parts);
  const site = await openSite(stack, { environment });
  try {
    const { people } = site;
    const account = await site.addAccount('R25 same build');
    const posts: WantedPost[] = [];
    await inLanes(LANES, n, async (index) => {
      const post = await beginItem(people, { account, text: `R25 ${seed}: held ${index}` });
      posts.push(post);
      for (let step = 0; step < index % 4; step += 1) await takeStep(people, post);
      await holdItem(people, post.itemId, 'the news');
    });
    site.worker.kill();
    await site.worker.exited;
    await site.startWorker(parts, { BATON_WORKFLOW_BUNDLE: bundle });
    progress(`${n} held items are replayed by a stricter release of the same build`);
    const ids = posts.map(({ itemId }) => itemId);
    const first = await divergencesOf(site, ids);
    const problems = [...first.diverged, ...first.broken];
    // To go on with what has diverged would only wait in vain.
    if (problems.length > 0) return problems;
    await inLanes(LANES, n, async (index) => {
      const post = posts[index];
      if (post !== undefined) await takeStep(people, post);
    });
    const second = await divergencesOf(site, ids);
    return [...second.diverged, ...second.broken];
  } finally {
    await site.close();
  }
}
