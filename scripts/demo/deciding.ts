import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { allOf, type Item, type KpiReview, type TimelineEntry } from '../../src/client/index.ts';
import { verifyChain } from '../../src/domain/item/event.ts';
import { formatValue } from '../../src/domain/kpi/format.ts';
import { checkPack } from './evidence.ts';
import { poll } from './poll.ts';
import { refusalOf } from './refusal.ts';
import { shownPath } from './shown-path.ts';
import { type Story, short, untilStage } from './story.ts';

type VerdictRow = KpiReview['verdicts'][number];

const LEARNINGS = [
  {
    claim: 'Une scène de fournil en ouverture retient mieux qu’un chiffre',
    evidence: 'le taux de clic de cette pièce',
    confidence: 'medium' as const,
  },
  { claim: 'Un carnet à télécharger en sortie fait revenir', confidence: 'low' as const },
];

/** The frozen verdicts, three sign-offs by webhook, closed. */
export async function decide(story: Story, { id: itemId }: Item): Promise<void> {
  const { narrator, cast } = story;
  const { strategist, creator, social_media_manager: manager } = cast;
  narrator.chapter('Verdicts, and three signatures');
  const review = await poll(`the frozen KPI review of ${itemId}`, async () => {
    const found = await strategist.client.items.kpiReview(itemId);
    return found.frozen && found.hash !== null
      ? { found: { ...found, hash: found.hash } }
      : { seen: 'it is not frozen' };
  });
  narrator.say(
    'Targets were frozen when the brief was accepted. Missing would read “not available”, never 0.',
  );
  narrator.table(bulletTable(review));
  narrator.say('Why:');
  narrator.facts(
    Object.fromEntries(
      judgedRows(review).map(({ kpi, reason }): [string, string] => [kpi, reason]),
    ),
  );
  const { combined, hash, recommendation, completeness } = review;
  if (!recommendation) throw new Error(`the review of ${itemId} recommends nothing`);
  narrator.facts({
    completeness: `${completeness.have} of ${completeness.of} sources`,
    combined: `${combined.verdict}${combined.kpi === null ? '' : ` by ${combined.kpi}`}`,
    recommendation: `${recommendation.decision} (row ${recommendation.row}): ${recommendation.reason}`,
    'review hash': short(hash),
  });
  const seen = { itemId, reviewHash: hash };
  const against = recommendation.decision === 'retire' ? 'scale' : 'retire';
  const signOff = { role: 'strategist', reviewHash: hash } as const;
  const bare = await refusalOf(
    strategist.client.items.signOff(itemId, { ...signOff, decision: against }),
    { requirement: 'decision_reasoned' },
  );
  narrator.refused(strategist.name, `decides ${against} without a word`, bare);
  const decision =
    recommendation.decision === 'extend_measurement' ? 'iterate' : recommendation.decision;
  await strategist.decide({
    type: 'sign_off',
    data: {
      ...seen,
      role: 'strategist',
      decision,
      comment: 'Le carnet est demandé chaque semaine : nous continuons.',
      learnings: LEARNINGS,
    },
  });
  narrator.done(strategist.name, `decides ${decision}, with two learnings for the next brief`);
  for (const [role, player] of [
    ['creator', creator],
    ['social_media_manager', manager],
  ] as const) {
    await player.decide({ type: 'sign_off', data: { ...seen, role, decision: 'agree' } });
    narrator.done(player.name, `agrees, as ${role}`);
  }
  const closed = await untilStage(story, itemId, 'closed');
  narrator.facts({ item: `${closed.id}, ${closed.stage}` });
}

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
  if (decision?.decision === 'retire') {
    narrator.say('It is retired: no next item. Its learnings stay in the library.');
    return;
  }
  const next = await items.start({ fromReview: reviewId });
  const again = await items.start({ fromReview: reviewId });
  if (again.item.id !== next.item.id) throw new Error(`${reviewId} has two next items`);
  narrator.done(strategist.name, `starts ${next.item.id} from the review; asked twice, it is one`);
  const { brief } = await creator.client.items.brief(next.item.id);
  const { learnings = [] } = await creator.client.items.get(next.item.id);
  narrator.facts({
    title: next.item.title,
    pillar: brief.pillar ?? 'none',
    learnings: (brief.learnings ?? '').replaceAll('\n', ' '),
    offered: learnings.map(({ claim }) => claim).join(' · '),
  });
}

/** Every event and refusal of the item, and its chain recomputed from what the API answers. */
export async function verifyRecord(story: Story, itemId: string): Promise<void> {
  const { narrator, cast } = story;
  const { items } = cast.strategist.client;
  narrator.chapter('The record');
  const entries: TimelineEntry[] = [];
  const pages = allOf((cursor) =>
    items.timeline(itemId, { limit: '200', ...(cursor !== undefined && { cursor }) }),
  );
  for await (const entry of pages) entries.push(entry);
  const events = entries.filter((entry) => entry.kind === 'event');
  const refusals = entries.filter((entry) => entry.kind === 'refusal');
  const fault = verifyChain(events);
  if (fault !== null) throw new Error(`the chain of ${itemId}: ${fault.code} at ${fault.seq}`);
  const { whole, changed } = await checkPack(story, itemId);
  narrator.say(
    'The timeline keeps what happened and what was refused. Each event carries the hash of the one before.',
  );
  narrator.facts({
    events: String(events.length),
    refusals: `${refusals.length}: ${refusals.map(refusalText).join(', ')}`,
    chain: `verified, ${short(events.at(-1)?.hash ?? '')} is its head`,
    'audit pack': whole,
    tampering: changed,
  });
}

function refusalText({ type, unmet }: Extract<TimelineEntry, { kind: 'refusal' }>): string {
  const [first] = unmet;
  const others = unmet.length - 1;
  return `${type} (${first?.code}${others > 0 ? ` and ${others} more` : ''})`;
}

/** What a bullet of a table is wide. */
const BULLET = 24;

/** Rows of the whole item that have a target; a KPI that several roles answer for is one of them. */
function judgedRows({ verdicts }: KpiReview): VerdictRow[] {
  const rows = new Map<string, VerdictRow>();
  for (const row of verdicts) {
    const isWhole = row.scope === 'item' || row.scope.startsWith('item:');
    const key = `${row.kpi} ${row.checkpoint}`;
    if (isWhole && row.target !== null && !rows.has(key)) rows.set(key, row);
  }
  return [...rows.values()];
}

/** One line per KPI and target: the figure as a bar, its target as a stroke, its interval beside it. */
function bulletTable(review: KpiReview): string[][] {
  return [
    ['KPI', 'at', 'value', '95 % interval', 'target', 'bullet', 'verdict'],
    ...judgedRows(review).map((row) => [
      row.primary ? `${row.kpi} *` : row.kpi,
      row.checkpoint ?? '',
      row.value === null ? 'none' : formatValue(row.unit, row.value),
      row.low === undefined || row.high === undefined
        ? ''
        : `${formatValue(row.unit, row.low)} to ${formatValue(row.unit, row.high)}`,
      row.target === null
        ? 'none'
        : `${row.direction === 'lower' ? '≤' : '≥'} ${formatValue(row.unit, row.target)}`,
      bullet(row),
      row.verdict,
    ]),
  ];
}

function bullet({ value, target, high }: VerdictRow): string {
  const most = Math.max(value ?? 0, target ?? 0, high ?? 0) || 1;
  const at = (share: number) => Math.min(Math.round((share / most) * BULLET), BULLET - 1);
  const cells: string[] = Array.from({ length: BULLET }, (_, cell) =>
    cell < at(value ?? 0) ? '█' : '·',
  );
  if (target !== null) cells[at(target)] = '┃';
  return cells.join('');
}
