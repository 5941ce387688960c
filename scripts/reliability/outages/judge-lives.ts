import { judgeFates } from '../judge-fates.ts';
import type { Outcome } from '../line.ts';
import { awaitFates } from '../post-fates.ts';
import { stuckFaultsOf } from '../release/audit-faults.ts';
import { divergencesOf } from '../release/run-heads.ts';
import type { Site } from '../site.ts';
import type { Life } from './live-items.ts';

/** What happens in each of these lives once, whoever repeats what. */
const ONCE = [
  'item.started',
  'clock.extended',
  'review.submitted',
  'approval.decided',
  'publication.published',
  'kpi_review.closed',
  'item.closed',
];

type Judgement = Omit<Outcome, 'faults' | 'recoveryMs'>;

/**
 * Judges lives that were lived beside faults: each is at its end, its chain is whole, what was acknowledged
 * has its verdict, and nothing happened twice.
 */
export async function judgeLives(
  site: Site,
  lives: readonly Life[],
  {
    count,
    acknowledged,
    withinMs,
  }: { count: number; acknowledged: ReadonlySet<string>; withinMs: number },
): Promise<Judgement> {
  const begun = lives.filter(({ post }) => post.itemId !== '');
  const ids = begun.map(({ post }) => post.itemId);
  // A month passes in an instant: a source that is away just then has no other time to be asked.
  const stuck = await stuckFaultsOf(site, ids, { withinMs, except: ['checkpoint_missing'] });
  const unanswered = await withoutVerdict(site, ids, acknowledged);
  const posts = judgeFates(
    await awaitFates(
      site,
      begun.map(({ post }) => post),
      { withinMs },
    ),
  );
  const unfinished = lives
    .filter(({ isClosed }) => !isClosed)
    .map(({ post, problem }) => `${post.text} (${post.itemId}) has not ended: ${problem}`);
  if (lives.length < count) unfinished.push(`${count - lives.length} items were not begun`);
  const { diverged, broken } = await divergencesOf(site, ids);
  const twice = await happenedTwice(site, begun);
  return {
    operations: count,
    lost: posts.lost + unanswered.length,
    duplicated: posts.duplicated + twice.length,
    unresolved: posts.unresolved + unfinished.length + stuck.length,
    violations: [
      ...unfinished,
      ...posts.violations,
      ...diverged,
      ...broken,
      ...stuck,
      ...unanswered,
      ...twice,
    ],
    evidence: [`${acknowledged.size} requests were acknowledged`, ...posts.evidence],
  };
}

/** Acknowledged requests whose command is gone, or waits for its verdict. */
async function withoutVerdict(
  { database, workspaceId }: Site,
  itemIds: readonly string[],
  acknowledged: ReadonlySet<string>,
): Promise<string[]> {
  const { rows } = await database.pool.query<{ id: string; state: string }>(
    'select id, state from commands where workspace_id = $1 and item_id = any($2)',
    [workspaceId, itemIds],
  );
  const states = new Map(rows.map(({ id, state }) => [id.split(':').at(-1) ?? '', state]));
  return [...acknowledged].flatMap((key) => {
    const state = states.get(key);
    if (state === undefined) return [`${key} was acknowledged and is gone`];
    return state === 'pending' ? [`${key} was acknowledged and has no verdict`] : [];
  });
}

async function happenedTwice({ database }: Site, lives: readonly Life[]): Promise<string[]> {
  const { rows } = await database.pool.query<{ what: string; times: string }>(
    `select item_id || ': ' || type as what, count(*) as times from item_events
     where item_id = any($1) and type = any($2) group by item_id, type having count(*) > 1
     union all select 'items named ' || title, count(*) from items
     where title = any($3) group by title having count(*) > 1`,
    [lives.map(({ post }) => post.itemId), ONCE, lives.map(({ post }) => post.text)],
  );
  return rows.map(({ what, times }) => `${what} is there ${times} times`);
}
