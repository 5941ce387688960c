import { setTimeout as delay } from 'node:timers/promises';
import type { Releases } from '../../../src/cli/cli-deps.ts';
import { createReleases } from '../../baton/releases.ts';
import type { ListeningProgram } from '../../local/listening-programs.ts';
import type { TemporaryStack } from '../../local/temporary-stack.ts';
import { judgeFates } from '../judge-fates.ts';
import type { Outcome, RunOptions } from '../line.ts';
import { REVISING } from '../next-release/revising.ts';
import { createPeople } from '../people.ts';
import { awaitFates } from '../post-fates.ts';
import { seededRandom } from '../random.ts';
import type { Part } from '../replacements.ts';
import { openSite } from '../site.ts';
import { within } from '../time.ts';
import { stuckFaultsOf } from './audit-faults.ts';
import { placeOf, seeItem } from './item-steps.ts';
import { createKiller, type KeptProgram, type Killer } from './program-killer.ts';
import { writeReleaseBundle } from './release-bundle.ts';
import { addItems, type Ground, prepare, STAGES, WAY, work } from './release-items.ts';
import { divergencesOf } from './run-heads.ts';

/** What the next release changes. */
const NEXT: readonly Part[] = [
  'nextRules',
  'nextGuards',
  'nextMachine',
  'nextMigrations',
  'nextOwners',
  'nextEvents',
  'nextOrder',
];
/** Of its machine. */
const NEXT_MACHINE = 2;
const MOVE = { perSecond: 20, waitMs: 5_000 };
const KILL_EVERY_MS = 3_000;
const COMMAND_MS = 60_000;
const SETTLE_MS = 300_000;
/** How long a finding may take to go by itself: the audit looks at runs that just worked. */
const GO_MS = 45_000;
/** A control is stuck for good: no use in waiting longer. */
const CONTROL_SETTLE_MS = 20_000;

/** A release that is under way. */
interface Release {
  ground: Ground;
  n: number;
  random: () => number;
  /** Without: each worker takes any run, and nothing is made current or moved. */
  isVersioned: boolean;
  bundle: string;
  killer: Killer;
  commands: Releases;
  problems: string[];
  evidence: string[];
}

/**
 * Build N with items in all stages; N+1 beside it; items move while people work and posts fall due;
 * back to N. Workers and APIs are killed meanwhile.
 * @param options.control the workers have no version: each takes any run.
 */
export async function runRelease(
  stack: TemporaryStack,
  { n, seed, control, progress }: RunOptions,
): Promise<Outcome> {
  const bundle = await writeReleaseBundle(stack.directory, NEXT);
  const site = await openSite(stack, { environment: control ? { BATON_BUILD_ID: 'off' } : {} });
  const urls = [site.api.url];
  const people = createPeople(stack.credentials, urls);
  const random = seededRandom(seed);
  const killer = createKiller(random);
  const release: Release = {
    ground: { site: { ...site, people }, people, urls, posts: [] },
    n,
    random,
    isVersioned: !control,
    bundle,
    killer,
    commands: createReleases({
      TEMPORAL_ADDRESS: stack.temporal.address,
      TASK_QUEUE: site.taskQueue,
      BATON_PAYLOAD_KEY: 'off',
    }),
    problems: [],
    evidence: [],
  };
  try {
    const endWorker = await killer.keep(workerOf(release, 'N'), site.worker);
    const endApi = await keepApi(release, 'N', site.api);
    await prepare(release.ground, { n, seed, random });
    progress(`${n} items are in ${STAGES.length} kinds of places`);
    killer.begin(KILL_EVERY_MS);
    if (control) await endWorker();
    const endNext = await killer.keep(workerOf(release, 'N+1'));
    await makeNextCurrent(release);
    await keepApi(release, 'N+1');
    await endApi();
    progress('N+1 is current');
    await goOnWithNext(release);
    if (control) {
      await endNext();
      await killer.keep(workerOf(release, 'N'));
    }
    await rollBack(release);
    progress('N is current again');
    await goOn(release, { when: 'N again', steps: WAY, random: () => 0, spared: null });
    await killer.end();
    return await judge(release);
  } finally {
    await killer.end().catch(() => {});
    await site.close();
  }
}

type Version = 'N' | 'N+1';

function workerOf({ ground: { site }, bundle }: Release, version: Version): KeptProgram {
  const start =
    version === 'N'
      ? () => site.startWorker()
      : () => site.startWorker(NEXT, { BATON_WORKFLOW_BUNDLE: bundle });
  return { name: `worker ${version}`, start };
}

async function makeNextCurrent({ isVersioned, commands, ground, evidence }: Release) {
  if (isVersioned) {
    await persist(async () => {
      const { builds } = await commands.status();
      const next = builds.find(({ machineVersion }) => machineVersion === NEXT_MACHINE);
      if (next === undefined) throw new Error('the next build is not announced yet');
      await commands.setCurrent({ buildId: next.buildId, percentage: 100 });
    });
  }
  const sending = await itemsAt(ground, 'publishing');
  evidence.push(`sends in flight when N+1 became current: ${sending.length}`);
}

/** Idle items move; meanwhile people work with some and begin others. Those sent back wait for N. */
async function goOnWithNext(release: Release): Promise<void> {
  const { isVersioned, commands, ground, evidence, random } = release;
  const moving = isVersioned ? persist(() => commands.move(MOVE, () => {})) : null;
  await goOn(release, { when: 'N+1', steps: 1, random, spared: REVISING });
  const moved = await moving;
  if (moved !== null) evidence.push(`asked to move to N+1: ${moved.asked}, left ${moved.left}`);
  const revising = await itemsAt(ground, REVISING);
  evidence.push(`rows in the state that only N+1 knows: ${revising.length}`);
}

/** N takes new items again. What it cannot read stays on N+1, whose workers and API run on. */
async function rollBack(release: Release): Promise<void> {
  const { isVersioned, commands, problems, evidence } = release;
  if (isVersioned) await persist(() => commands.rollBack());
  await keepApi(release, 'N');
  if (!isVersioned) return;
  const { unreadable } = await persist(() => commands.move(MOVE, () => {}));
  if (unreadable.length === 0) problems.push('N would take what it cannot read');
  const { builds } = await persist(() => commands.status());
  evidence.push(
    ...builds.map((one) => `build ${one.buildId} (${one.status}): ${one.openItems} open items`),
  );
  const stayed = builds.find(({ machineVersion }) => machineVersion === NEXT_MACHINE);
  if (!stayed?.openItems) problems.push('no item has moved, so nothing is shown');
}

async function goOn(
  { ground, n, problems, isVersioned }: Release,
  { when, ...how }: { when: string; steps: number; random: () => number; spared: string | null },
): Promise<void> {
  await withinTime(
    Promise.all([work(ground, { ...how, problems }), addItems(ground, n, when)]),
    isVersioned ? SETTLE_MS : CONTROL_SETTLE_MS,
    problems,
  );
}

/** From now on people ask this API first. @returns ends it for good */
async function keepApi(
  { ground: { site, urls }, killer }: Release,
  version: Version,
  present?: ListeningProgram,
): Promise<() => Promise<void>> {
  const parts = version === 'N' ? [] : NEXT;
  const running = present ?? (await site.startApi(parts));
  if (present === undefined) urls.unshift(running.url);
  const start = async () => (await site.startApi(parts, running.url)).process;
  const end = await killer.keep({ name: `API ${version}`, start }, running.process);
  return async () => {
    urls.splice(urls.indexOf(running.url), 1);
    await end();
  };
}

async function itemsAt({ people, posts }: Ground, place: string): Promise<string[]> {
  const found: string[] = [];
  for (const { itemId } of posts) {
    const item = await seeItem(people, itemId);
    if (placeOf(item) === place) found.push(itemId);
  }
  return found;
}

async function judge({
  ground: { site, posts },
  problems,
  evidence,
  killer: { kills },
  isVersioned,
}: Release): Promise<Outcome> {
  const ids = posts.map(({ itemId }) => itemId);
  const judged = judgeFates(
    await awaitFates(site, posts, { withinMs: isVersioned ? SETTLE_MS : CONTROL_SETTLE_MS }),
  );
  const { diverged, broken } = await divergencesOf(site, ids);
  const stuck = await stuckFaultsOf(site, ids, {
    withinMs: isVersioned ? GO_MS : CONTROL_SETTLE_MS,
  });
  if (Object.keys(kills).length === 0) problems.push('nobody was killed');
  return {
    ...judged,
    evidence: [...evidence, ...judged.evidence],
    faults: { ...kills },
    unresolved: judged.unresolved + stuck.length,
    recoveryMs: [],
    violations: [...problems, ...judged.violations, ...diverged, ...broken, ...stuck],
  };
}

/** What an operator does: asks again until it is done. */
async function persist<T>(ask: () => Promise<T>): Promise<T> {
  let last: unknown;
  const done = await within(COMMAND_MS, async () => {
    try {
      return { value: await ask() };
    } catch (error) {
      last = error;
      return null;
    }
  });
  if (done === null) throw last;
  return done.value;
}

async function withinTime(doing: Promise<unknown>, ms: number, problems: string[]): Promise<void> {
  const over = new AbortController();
  const done = doing.then(
    () => null,
    (error: unknown) => String(error),
  );
  const late = delay(ms, 'people did not come to an end', { signal: over.signal }).catch(
    () => null,
  );
  const problem = await Promise.race([done, late]);
  over.abort();
  if (problem !== null) problems.push(problem);
}
