import { setTimeout as delay } from 'node:timers/promises';
import { insertPlaybook } from '../../../src/db/workspace/playbooks.ts';
import { STANDARD_PLAYBOOK } from '../../../src/domain/playbook/standard.ts';
import { SANDBOX_MEASURES } from '../../../src/metrics/sandbox-protocol.ts';
import { makeApprovedItems, planPosts, type WantedPost } from '../items.ts';
import type { Line, Outcome, RunOptions } from '../line.ts';
import { judgeCheckpoints, type SeenCheckpoint } from '../measuring/judge-checkpoints.ts';
import { startCrew } from '../measuring/worker-crew.ts';
import { createOutages } from '../outages/outages.ts';
import { awaitFates } from '../post-fates.ts';
import { seededRandom } from '../random.ts';
import type { Part } from '../replacements.ts';
import { openSite, type Site } from '../site.ts';
import { inLanes } from '../time.ts';

const AGES = ['+1h', '+6h', '+24h', '+72h', '+7d', '+14d', '+28d', '+45d', '+60d', '+90d'] as const;
/** Past the last age. */
const SKIP_MS = 91 * 86_400_000;
/** Items whose time is skipped at the same moment. */
const LANES = 8;
const WORKERS = 2;
/** Share of the instants around the storing of a set at which its worker dies. */
const KILL_RATE = 0.012;
const KILL_RATE_OF_FEW = 0.1;
const FEW = 200;
/** The database is away for a tenth of the time: after each outage it is there nine times as long. */
const THERE_PER_AWAY = 9;
const FIRST_OUTAGE_MS = 3_000;
const SPREAD_MS = 60;
const PUBLISH_MS = 300_000;
/** A checkpoint takes a fraction of a second, more where its worker has died. */
const CHECKPOINT_MS = 1_500;
const AT_LEAST_MS = 180_000;
const LOOK_AGAIN_MS = 300;
/** Longer than the API travels. */
const TRAVEL_MS = 120_000;
const PROGRESS_EVERY = 50;

export const R10: Line = {
  id: 'R10',
  title:
    'checkpoints over 90 skipped days while workers die and PostgreSQL is away a tenth of the time',
  target: 'every checkpoint recorded once, with one set of readings that was whole at once',
  protection: 'the one answer of a source per checkpoint, stored with its readings',
  full: 2_000,
  small: 40,
  endsServers: true,
  async run(stack, { n, seed, control, progress }) {
    const parts: Part[] = [control ? 'forgetfulReplies' : 'hookedReplies'];
    const site = await openSite(stack, {
      workerParts: parts,
      environment: { BATON_LOCAL: '1' },
    });
    try {
      const posts = await publish(site, { count: Math.ceil(n / AGES.length), seed });
      progress(`${posts.length} posts are out, with ${posts.length * AGES.length} checkpoints`);
      const random = seededRandom(seed);
      const rate = n < FEW ? KILL_RATE_OF_FEW : KILL_RATE;
      const crew = await startCrew(site, { size: WORKERS, parts, chooses: () => random() < rate });
      const outages = createOutages(stack.servers.postgres);
      outages.begin(() => THERE_PER_AWAY * (outages.awayMs.at(-1) ?? 0) || FIRST_OUTAGE_MS);
      const begun = performance.now();
      await skipTime(site, posts, { control, progress });
      const tookMs = performance.now() - begun;
      await Promise.all([crew.end(), outages.end()]);
      const awayMs = outages.awayMs.reduce((sum, ms) => sum + ms, 0);
      progress(`PostgreSQL was away ${Math.round((100 * awayMs) / tookMs)} % of the time`);
      return judge(await readCheckpoints(site, posts), {
        wanted: posts.length * AGES.length,
        faults: { ...crew.kills, ...outages.kills },
      });
    } finally {
      await site.close();
    }
  },
};

/** Posts that are out, each with a checkpoint at every age. */
async function publish(
  site: Site,
  { count, seed }: { count: number; seed: number },
): Promise<WantedPost[]> {
  const account = await site.addAccount('R10');
  const playbook = {
    ...STANDARD_PLAYBOOK,
    name: `r10-${seed}`,
    checkpoints: AGES.map((name) => ({ name, required: true })),
  };
  await insertPlaybook(site.database.db, { workspaceId: site.workspaceId, playbook });
  const wanted = Array.from({ length: count }, (_, index) => ({
    text: `R10 ${seed}: post ${index}`,
    account,
  }));
  const posts = await makeApprovedItems(site.people, wanted, playbook.name);
  await planPosts(site.people, posts, count * SPREAD_MS);
  await awaitFates(site, posts, { withinMs: PUBLISH_MS });
  return posts;
}

/** Takes every item past its last age. Whoever does not arrive, because a server is away, asks again. */
async function skipTime(
  site: Site,
  posts: readonly WantedPost[],
  { control, progress }: Pick<RunOptions, 'control' | 'progress'>,
): Promise<void> {
  const to = new Date(Date.now() + SKIP_MS).toISOString();
  const withinMs = Math.max(AT_LEAST_MS, posts.length * AGES.length * CHECKPOINT_MS);
  // A set of which the half is stored is asked for again: without the protection it takes longer.
  const giveUpAt = Date.now() + withinMs * (control ? 2 : 1);
  let done = 0;
  await inLanes(LANES, posts.length, async (index) => {
    const itemId = posts[index]?.itemId ?? '';
    while (!(await isMeasured(site, itemId)) && Date.now() < giveUpAt) {
      await travel(site, { itemId, to });
      await delay(LOOK_AGAIN_MS);
    }
    done += 1;
    if (done % PROGRESS_EVERY === 0) progress(`${done} items are past their last age`);
  });
}

/** One journey at a time: two of one item, each by the same distance, would take it twice as far. */
async function travel(
  { api, stack }: Site,
  journey: { itemId: string; to: string },
): Promise<void> {
  const key = stack.credentials.members.find(({ role }) => role === 'strategist')?.key ?? '';
  const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' };
  await fetch(`${api.url}/v1/local/time-travel`, {
    method: 'POST',
    headers,
    body: JSON.stringify(journey),
    signal: AbortSignal.timeout(TRAVEL_MS),
  })
    .then((response) => response.text())
    .catch(() => undefined);
}

const SETTLED = `select from items where id = $1
  and not exists (select from jsonb_array_elements(snapshot -> 'context' -> 'checkpoints') one
                  where one ->> 'state' = 'due')`;

/** False as well while the database is away. */
async function isMeasured({ database }: Site, itemId: string): Promise<boolean> {
  const found = await database.pool.query(SETTLED, [itemId]).catch(() => null);
  return found?.rowCount === 1;
}

const CHECKPOINTS = `
select i.id as "itemId", c ->> 'checkpoint' as checkpoint, c ->> 'dueAt' as "dueAt",
  e.settled_at as "settledAt", coalesce(e.recorded, 0) as recorded, coalesce(e.missing, 0) as missing,
  coalesce(r.sets, '[]') as sets
from items i cross join lateral jsonb_array_elements(i.snapshot -> 'context' -> 'checkpoints') c
left join lateral (
  select min(at) as settled_at,
    (count(*) filter (where type = 'kpi_checkpoint.recorded'))::integer as recorded,
    (count(*) filter (where type = 'kpi_checkpoint.missing'))::integer as missing
  from item_events where item_id = i.id and data ->> 'publicationId' = c ->> 'publicationId'
    and data ->> 'checkpoint' = c ->> 'checkpoint') e on true
left join lateral (
  select jsonb_agg(rows) as sets from (
    select jsonb_object_agg(measure, count) as rows from (
      -- The instant at which its transaction began.
      select created_at, measure, count(*)::integer as count from readings
      where item_id = i.id and publication_id = c ->> 'publicationId'
        and checkpoint = c ->> 'checkpoint' group by created_at, measure) one
    group by created_at) stored) r on true
where i.id = any($1)`;

async function readCheckpoints(
  { database }: Site,
  posts: readonly WantedPost[],
): Promise<SeenCheckpoint[]> {
  const ids = posts.map(({ itemId }) => itemId);
  const { rows } = await database.pool.query<
    Omit<SeenCheckpoint, 'settledAt'> & { settledAt: string | Date | null }
  >(CHECKPOINTS, [ids]);
  return rows.map(({ settledAt, ...row }) => ({
    ...row,
    settledAt: settledAt === null ? null : new Date(settledAt).toISOString(),
  }));
}

function judge(
  seen: readonly SeenCheckpoint[],
  { wanted, faults }: { wanted: number; faults: Record<string, number> },
): Outcome {
  const { latenessMs, violations, ...counts } = judgeCheckpoints(seen, {
    wanted,
    measures: SANDBOX_MEASURES,
  });
  if (Object.keys(faults).length === 0) violations.push('nothing went wrong');
  return {
    operations: wanted,
    faults,
    ...counts,
    unresolved: 0,
    recoveryMs: latenessMs,
    violations,
    evidence: [
      `latest by ${(Math.max(0, ...latenessMs) / 1_000).toFixed(1)} s of the item's clock`,
    ],
  };
}
