import type { Finding } from '../../src/client/index.ts';
import type { Piece } from './piece.ts';
import { poll } from './poll.ts';
import { openHandoff, type Story, tickedChecklist } from './story.ts';

/** A second piece goes to review, and nobody answers; the audit says so. */
export async function leaveItemStuck(story: Story, piece: Piece): Promise<void> {
  const { narrator, cast } = story;
  const { strategist, creator, editor } = cast;
  narrator.chapter('A second item gets stuck');
  const { item } = await strategist.client.items.start({
    title: piece.draft.title,
    brief: piece.brief,
    team: { strategist: strategist.memberId, creator: creator.memberId },
  });
  narrator.done(strategist.name, `starts “${item.title}”: ${item.id}`);
  await strategist.client.items.offerHandoff(item.id, { checklist: tickedChecklist(item) });
  const handoffId = openHandoff(await strategist.client.items.get(item.id));
  await creator.decide({ type: 'accept_handoff', data: { itemId: item.id, handoffId } });
  await creator.client.assets.upload(piece.picture.bytes, { kind: 'visual' });
  await creator.client.items.saveDraft(item.id, piece.draft);
  const drafted = await creator.client.items.get(item.id);
  await creator.client.items.offerHandoff(item.id, { checklist: tickedChecklist(drafted) });
  narrator.done(creator.name, 'accepts, writes and submits it; then two days pass');
  await creator.client.local.travel({ itemId: item.id, by: 'P2D' });

  const { finding, others, couldNotAsk } = await poll(`a finding about ${item.id}`, async () => {
    const { items, couldNotAsk: gaps } = await strategist.client.audit.stuck();
    const found = items.find(({ itemId, code }) => itemId === item.id && code === 'overdue');
    if (!found) return { seen: `${items.length} other findings` };
    return { found: { finding: found, others: items.length - 1, couldNotAsk: gaps } };
  });
  narrator.say('GET /v1/audit/stuck:');
  narrator.facts(findingFacts(finding, story));
  if (others > 0) narrator.say(`${others} more findings, about other items.`);
  for (const { what, why } of couldNotAsk) narrator.say(`It could not ask: ${what} (${why}).`);

  const actions = await editor.client.items.actions(item.id);
  const may = actions.filter(({ allowed }) => allowed).map(({ command }) => command);
  narrator.say(`What ${editor.name} could do this minute: ${may.join(', ')}.`);
}

function findingFacts(finding: Finding, { cast }: Story): Record<string, string> {
  const { code, severity, message, since, waitingOn, unmet, repairs } = finding;
  const nameOf = (memberId: string | undefined) =>
    Object.values(cast).find((player) => player.memberId === memberId)?.name ?? 'whoever holds it';
  return {
    finding: `${code} (${severity}): ${message}`,
    since,
    'waiting on': waitingOn
      .map(({ role, memberId, for: command }) => `${nameOf(memberId)} (${role}) for ${command}`)
      .join('; '),
    ...(unmet.length > 0 && {
      unmet: unmet.map((one) => `${one.code}: ${one.message}`).join('; '),
    }),
    repairs: repairs.join(', ') || 'none',
  };
}
