import type { Finding } from '../../src/client/index.ts';
import { type Piece, withoutPicture } from './piece.ts';
import { poll } from './poll.ts';
import { openHandoff, type Story, tickedChecklist } from './story.ts';

/** A second piece waits for a picture that never comes; the audit says for whom it waits, and why. */
export async function leaveItemStuck(story: Story, piece: Piece): Promise<void> {
  const { narrator, cast } = story;
  const { strategist, creator } = cast;
  narrator.chapter('A second item gets stuck');
  const { item } = await strategist.client.items.start({
    title: piece.draft.title,
    brief: piece.brief,
    team: { strategist: strategist.memberId, creator: creator.memberId },
  });
  narrator.done(strategist.name, `starts “${item.title}” with its whole brief`);
  narrator.facts({ item: item.id });
  await strategist.client.items.offerHandoff(item.id, { checklist: tickedChecklist(item) });
  const handoffId = openHandoff(await strategist.client.items.get(item.id));
  await creator.decide({ type: 'accept_handoff', data: { itemId: item.id, handoffId } });
  await creator.client.items.saveDraft(item.id, withoutPicture(piece));
  narrator.done(creator.name, 'accepts it and saves the text; the picture is to follow');
  await creator.client.local.travel({ itemId: item.id, by: 'P14D' });
  narrator.say('Two weeks pass on the run’s clock. GET /v1/audit/stuck:');

  const finding = await poll(`a finding about ${item.id}`, async () => {
    const { items } = await strategist.client.audit.stuck({ itemId: item.id });
    const found = items.find(({ code }) => code === 'overdue');
    return found ? { found } : { seen: `${items.length} findings of another kind` };
  });
  narrator.facts(findingFacts(finding, story));
}

function findingFacts(finding: Finding, { cast }: Story): Record<string, string> {
  const { code, severity, message, since, waitingOn, unmet, repairs } = finding;
  const nameOf = (memberId: string | undefined) =>
    Object.values(cast).find((player) => player.memberId === memberId)?.name ?? 'whoever holds it';
  return {
    finding: `${code}, ${severity}`,
    message,
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
