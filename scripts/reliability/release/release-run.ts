import { setTimeout as delay } from 'node:timers/promises';
import { createReleases } from '../../baton/releases.ts';
import type { ListeningProgram } from '../../local/listening-programs.ts';
import type { TemporaryStack } from '../../local/temporary-stack.ts';
import { judgeFates } from '../judge-fates.ts';
import type { Outcome, RunOptions } from '../line.ts';
import { createPeople } from '../people.ts';
import { awaitFates } from '../post-fates.ts';
import { seededRandom } from '../random.ts';
import type { Part } from '../replacements.ts';
import { openSite } from '../site.ts';
import { within } from '../time.ts';
import { stuckFaultsOf } from './audit-faults.ts';
import { placeOf, seeItem } from './item-steps.ts';
import { createKiller } from './program-killer.ts';
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
const KILL_EVERY_MS = 4_000;
const COMMAND_MS = 60_000;
const SETTLE_MS = 300_000;
/** How long a finding may take to go by itself: the audit looks at runs that just worked. */
const GO_MS = 45_000;
/** A control is stuck for good: no use in waiting longer. */
const CONTROL_SETTLE_MS = 20_000;

/**
 * Build N with items in all stages; N+1 beside it; items move while people work and posts fall due;
 * back to N. Workers and APIs are killed meanwhile.
 * @param options.control the workers have no version: each takes any run.
 */
export async function runRelease(
  stack: TemporaryStack,
  { n, seed, control, progress }: RunOptions,
): Promise<Outcome> {
  const unversioned = control ? { BATON_BUILD_ID: 'off' } : {};
  const bundle = await writeReleaseBundle(stack.directory, NEXT);
  const site = await openSite(stack, { environment: unversioned });
  const urls = [site.api.url];
  const people = createPeople(stack.credentials, urls);
  const ground: Ground = { site: { ...site, people }, people, urls, posts: [] };
  const random = seededRandom(seed);
  const killer = createKiller(random);
  const keepApi = (name: string, parts: readonly Part[], api?: ListeningProgram) =>
    keepApiRunning(ground, { killer, name, parts, api });
  const keepWorker = (name: string, parts: readonly Part[], its: NodeJS.ProcessEnv) => ({
    name,
    start: () => site.startWorker(parts, its),
  });
  const problems: string[] = [];
  const evidence: string[] = [];
  try {
    const releases = createReleases({
      TEMPORAL_ADDRESS: stack.temporal.address,
      TASK_QUEUE: site.taskQueue,
      BATON_PAYLOAD_KEY: 'off',
    });
    const endFirst = await killer.keep(keepWorker('worker N', [], {}), site.worker);
    const endFirstApi = await keepApi('API N', [], site.api);
    await prepare(ground, { n, seed, random });
    progress(`${n} items are in ${STAGES.length} kinds of places`);
    killer.begin(KILL_EVERY_MS);

    const next = keepWorker('worker N+1', NEXT, { BATON_WORKFLOW_BUNDLE: bundle });
    if (control) await endFirst();
    const endNext = await killer.keep(next);
    const first = control ? null : (await persist(() => releases.status())).current;
    if (first !== null) {
      const build = await persist(async () => {
        const { builds } = await releases.status();
        const found = builds.find((one) => one.machineVersion === 2);
        if (found === undefined) throw new Error('the next build is not announced yet');
        return found.buildId;
      });
      await persist(() => releases.setCurrent({ buildId: build, percentage: 100 }));
    }
    await keepApi('API N+1', NEXT);
    await endFirstApi();
    const inFlight = await placesOf(ground, 'publishing');
    evidence.push(`sends in flight when N+1 became current: ${inFlight.length}`);
    progress('N+1 is current');
    const moving = control
      ? Promise.resolve(null)
      : persist(() => releases.move({ perSecond: 20, waitMs: 5_000 }, () => {}));
    await withinTime(
      Promise.all([work(ground, { steps: 1, random, problems }), addItems(ground, n, 'N+1')]),
      control ? CONTROL_SETTLE_MS : SETTLE_MS,
      problems,
    );
    const moved = await moving;
    if (moved !== null) evidence.push(`asked to move to N+1: ${moved.asked}, left ${moved.left}`);
    const revising = await placesOf(ground, 'creation.revising');
    evidence.push(`items in the state that only N+1 knows: ${revising.length}`);

    if (control) {
      await endNext();
      await killer.keep(keepWorker('worker N', [], {}));
    } else await persist(() => releases.rollBack());
    // Items that N cannot read are answered by an API of N+1, which stays beside it.
    await keepApi('API N', []);
    progress('N is current again');
    if (!control) {
      const back = await persist(() => releases.move({ perSecond: 20, waitMs: 2_000 }, () => {}));
      evidence.push(`stay on N+1, which N cannot read: items of ${back.unreadable.length} build`);
      if (back.unreadable.length === 0) problems.push('N would take what it cannot read');
      const { builds } = await persist(() => releases.status());
      evidence.push(
        ...builds.map((one) => `build ${one.buildId} (${one.status}): ${one.openItems} open items`),
      );
      if ((builds.find(({ machineVersion }) => machineVersion === 2)?.openItems ?? 0) === 0) {
        problems.push('no item has moved, so nothing is shown');
      }
    }
    await withinTime(
      Promise.all([
        work(ground, { steps: WAY, random: () => 0, problems }),
        addItems(ground, n, 'N again'),
      ]),
      control ? CONTROL_SETTLE_MS : SETTLE_MS,
      problems,
    );
    await killer.end();
    return await judge(ground, { problems, evidence, faults: killer.kills, control });
  } finally {
    await killer.end().catch(() => {});
    await site.close();
  }
}

async function keepApiRunning(
  { site, urls }: Ground,
  {
    killer,
    name,
    parts,
    api,
  }: {
    killer: ReturnType<typeof createKiller>;
    name: string;
    parts: readonly Part[];
    api?: ListeningProgram | undefined;
  },
): Promise<() => Promise<void>> {
  const running = api ?? (await site.startApi(parts));
  if (!urls.includes(running.url)) urls.unshift(running.url);
  const start = async () => (await site.startApi(parts, running.url)).process;
  const end = await killer.keep({ name, start }, running.process);
  return async () => {
    urls.splice(urls.indexOf(running.url), 1);
    await end();
  };
}

async function placesOf({ people, posts }: Ground, place: string): Promise<string[]> {
  const found: string[] = [];
  for (const { itemId } of posts) {
    const item = await seeItem(people, itemId).catch(() => null);
    if (item !== null && placeOf(item) === place) found.push(itemId);
  }
  return found;
}

async function judge(
  ground: Ground,
  {
    problems,
    evidence,
    faults,
    control,
  }: { problems: string[]; evidence: string[]; faults: Record<string, number>; control: boolean },
): Promise<Outcome> {
  const { site, posts } = ground;
  const ids = posts.map(({ itemId }) => itemId);
  const withinMs = control ? CONTROL_SETTLE_MS : SETTLE_MS;
  const fates = await awaitFates(site, posts, { withinMs });
  const judged = judgeFates(fates);
  const { diverged, broken } = await divergencesOf(site, ids);
  const stuck = await stuckFaultsOf(site, ids, { withinMs: control ? CONTROL_SETTLE_MS : GO_MS });
  if (Object.keys(faults).length === 0) problems.push('nobody was killed');
  const silent = diverged.filter((text) => text.includes('does not answer'));
  return {
    ...judged,
    evidence: [...evidence, ...judged.evidence],
    faults: { ...faults },
    unresolved: judged.unresolved + stuck.length + silent.length,
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
