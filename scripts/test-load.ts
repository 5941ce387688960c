/**
 * `npm run test:load`: what load does to those who did not cause it, on real processes. Fails beyond
 * its limits. Last line: N passed, N failed.
 */
import { parseArgs } from 'node:util';
import { measureDuePosts } from './load/due-posts.ts';
import { type Figure, holds, renderFigures } from './load/figure.ts';
import { type LoadGround, prepareGround } from './load/ground.ts';
import { measureCarriedInput, measureLongRuns } from './load/long-runs.ts';
import { measureSilentRuns } from './load/silent-runs.ts';

const FULL = { silent: 150, healthy: 20, measuring: 200, posts: 10, items: 3 };
/** As small as it shows anything: every slot for readings is taken all the same. */
const SMALL = { silent: 60, healthy: 5, measuring: 120, posts: 3, items: 1 };

const MAX_REASON = 400;

const PARTS = {
  silent: measureSilentRuns,
  posts: measureDuePosts,
  long: measureLongRuns,
  carried: measureCarriedInput,
} satisfies Record<string, (ground: LoadGround, size: typeof FULL) => Promise<Figure[]>>;

const { values, positionals } = parseArgs({
  options: { small: { type: 'boolean', default: false } },
  allowPositionals: true,
});
const unknown = positionals.filter((name) => !Object.hasOwn(PARTS, name));
if (unknown.length > 0) {
  console.error(`there is no part "${unknown[0]}": name ${Object.keys(PARTS).join(', ')}, or none`);
  process.exit(2);
}
const size = values.small ? SMALL : FULL;
const ground = await prepareGround();
process.once('SIGINT', () => void ground.stop().then(() => process.exit(130)));
try {
  const figures: Figure[] = [];
  const failures: string[] = [];
  for (const [name, measure] of Object.entries(PARTS)) {
    if (positionals.length > 0 && !positionals.includes(name)) continue;
    console.log(`${name} …`);
    try {
      const measured = await measure(ground, size);
      console.log(renderFigures(measured));
      figures.push(...measured);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      failures.push(`${name}: ${reason.slice(0, MAX_REASON)}`);
    }
  }
  const beyond = figures.filter((figure) => !holds(figure)).map(({ what }) => what);
  for (const failure of [...beyond, ...failures]) console.log(`FAILED ${failure}`);
  const failed = beyond.length + failures.length;
  console.log(`${figures.length - beyond.length} passed, ${failed} failed`);
  process.exitCode = failed === 0 ? 0 : 1;
} finally {
  await ground.stop();
}
