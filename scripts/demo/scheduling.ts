import type { Item } from '../../src/client/index.ts';
import { showCalendar, showFeed } from './calendar.ts';
import { submit } from './creating.ts';
import { type Piece, withDate } from './piece.ts';
import { refusalOf } from './refusal.ts';
import { openHandoff, type Story, short, untilStage } from './story.ts';

/** Accepted by webhook, refused for the past, planned on two accounts. */
export async function schedule(story: Story, item: Item): Promise<Item> {
  const { narrator, cast, accounts } = story;
  const { social_media_manager: manager } = cast;
  const { items } = manager.client;
  narrator.chapter('Scheduled, edited, and back at the gate');
  await acceptScheduling(story, item);
  const past = await refusalOf(
    items.planSchedule(item.id, {
      publications: [
        { channelAccountId: accounts.keyed, at: new Date(Date.now() - 60_000).toISOString() },
      ],
    }),
    { requirement: 'slot_in_future' },
  );
  narrator.refused(manager.name, 'plans it for a minute ago', past);
  await planInDays(story, item.id, 2);
  await showCalendar(story, item.id);
  await showFeed(story);
  return items.get(item.id);
}

/** An edit of a scheduled piece: its approvals are void, its slots are held, the gate has to close again. */
export async function editAfterPlanning(story: Story, item: Item, piece: Piece): Promise<Item> {
  const { narrator, cast } = story;
  const { creator, editor, legal } = cast;
  const saved = await creator.client.items.saveDraft(item.id, withDate(piece));
  narrator.done(creator.name, `adds a date to the scheduled article: draft ${saved.version}`);
  const edited = await creator.client.items.get(item.id);
  const voided = edited.approvals.filter(
    ({ voided: isVoid, decision }) => isVoid && decision === 'approve',
  );
  const [held] = edited.publications;
  narrator.facts({
    stage: edited.stage,
    approvals: `${voided.map(({ role }) => role).join(' and ')}: void, they bound another text`,
    slots: `held until ${held?.heldUntil ?? 'their time'}, and not sent without a new approval`,
  });
  await showCalendar(story, item.id);
  const again = await submit(story, item.id);
  const contentHash = again.gate?.contentHash ?? '';
  for (const [role, approver] of [
    ['editor', editor],
    ['legal', legal],
  ] as const) {
    await approver.decide({
      type: 'decide_approval',
      data: { itemId: item.id, role, contentHash, decision: 'approve' },
    });
  }
  narrator.done(`${editor.name} and ${legal.name}`, `approve ${short(contentHash)}`);
  await acceptScheduling(story, await untilStage(story, item.id, 'scheduling'));
  await planInDays(story, item.id, 2);
  return untilStage(story, item.id, 'scheduled');
}

/** The social media manager accepts what the gate handed over. */
export async function acceptScheduling({ narrator, cast }: Story, item: Item): Promise<void> {
  const { social_media_manager: manager } = cast;
  const accepted = await manager.decide({
    type: 'accept_handoff',
    data: { itemId: item.id, handoffId: openHandoff(item) },
  });
  narrator.done(manager.name, 'accepts the handoff by webhook');
  const warnings = (accepted.warnings ?? []).map(({ message }) => message);
  if (warnings.length > 0) narrator.say(`Allowed, but worth knowing: ${warnings.join('; ')}.`);
}

/**
 * Plans it on both accounts.
 * @param days from now; two are far enough to be approved again
 */
export async function planInDays(
  { narrator, cast, accounts }: Story,
  itemId: string,
  days: number,
): Promise<void> {
  const { social_media_manager: manager } = cast;
  const local = nineOClockIn(days);
  await manager.client.items.planSchedule(itemId, {
    publications: [accounts.keyed, accounts.keyless].map((channelAccountId) => ({
      channelAccountId,
      local,
      zone: 'Europe/Paris',
    })),
  });
  narrator.done(manager.name, `plans it on two accounts for ${local.replace('T', ' ')} in Paris`);
}

/** 09:00 of a day, counted in UTC, as a wall time. */
function nineOClockIn(days: number): string {
  const day = new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10);
  return `${day}T09:00`;
}
