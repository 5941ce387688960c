import { allOf, type Item, type KpiReview, type TimelineEntry } from '../../src/client/index.ts';
import { verifyChain } from '../../src/domain/item/event.ts';
import { formatValue } from '../../src/domain/kpi/format.ts';
import { checkPack } from './evidence.ts';
import { poll } from './poll.ts';
import { type Story, short, untilStage } from './story.ts';

type VerdictRow = KpiReview['verdicts'][number];

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
  narrator.table(verdictTable(review), { right: [2, 3] });
  const { combined, hash } = review;
  narrator.facts({
    combined: `${combined.verdict}${combined.kpi === null ? '' : ` by ${combined.kpi}`}: ${combined.reason}`,
    'review hash': short(hash),
  });
  const decision = combined.verdict === 'met' ? 'scale' : 'iterate';
  const seen = { itemId, reviewHash: hash };
  await strategist.decide({
    type: 'sign_off',
    data: {
      ...seen,
      role: 'strategist',
      decision,
      learnings: 'Une scène de fournil en ouverture, un carnet à télécharger en sortie.',
    },
  });
  narrator.done(strategist.name, `decides ${decision}, with a learning for the next brief`);
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

/** One line per KPI and target of the whole item; the roles that answer for it are joined. */
function verdictTable({ verdicts }: KpiReview): string[][] {
  const rows = new Map<string, { row: VerdictRow; roles: string[] }>();
  for (const row of verdicts) {
    if (row.scope !== 'item' && !row.scope.startsWith('item:')) continue;
    const key = `${row.kpi} ${row.checkpoint}`;
    const known = rows.get(key);
    if (known) known.roles.push(row.role);
    else rows.set(key, { row, roles: [row.role] });
  }
  return [
    ['KPI', 'at', 'value', 'target', 'verdict', 'answered for by'],
    ...[...rows.values()].map(({ row, roles }) => [
      row.primary ? `${row.kpi} *` : row.kpi,
      row.checkpoint ?? '',
      row.value === null ? 'none' : formatValue(row.unit, row.value),
      row.target === null
        ? 'none'
        : `${row.direction === 'lower' ? '≤' : '≥'} ${formatValue(row.unit, row.target)}`,
      row.verdict,
      roles.join(', '),
    ]),
  ];
}
