import { readFileSync } from 'node:fs';
import { z } from 'zod';
import type { Item } from '../../src/client/index.ts';
import { poll } from './poll.ts';
import { refusalOf } from './refusal.ts';
import { shownPath } from './shown-path.ts';
import { openHandoff, type Story, short, untilStage } from './story.ts';

const LedgerLine = z.object({
  marker: z.string(),
  account: z.string(),
  at: z.string(),
  text: z.string(),
  bodyHash: z.string(),
});
type LedgerLine = z.infer<typeof LedgerLine>;

/** Accepted by webhook, planned for tomorrow, sent once; the network's own ledger says so. */
export async function publish(story: Story, item: Item): Promise<Item> {
  const { narrator, cast, channelAccountId } = story;
  const { social_media_manager: manager } = cast;
  const { items, local } = manager.client;
  narrator.chapter('Scheduled, and sent once');
  const handoffId = openHandoff(item);
  const accepted = await manager.decide({
    type: 'accept_handoff',
    data: { itemId: item.id, handoffId },
  });
  narrator.done(manager.name, 'accepts the handoff by webhook');
  const warnings = (accepted.warnings ?? []).map(({ message }) => message);
  if (warnings.length > 0) narrator.say(`Allowed, but worth knowing: ${warnings.join('; ')}.`);

  const planFor = (at: Date) =>
    items.planSchedule(item.id, { publications: [{ channelAccountId, at: at.toISOString() }] });
  const past = await refusalOf(planFor(new Date(Date.now() - 60_000)), {
    requirement: 'slot_in_future',
  });
  narrator.refused(manager.name, 'plans it for a minute ago', past);
  const local9 = tomorrowAtNine();
  await items.planSchedule(item.id, {
    publications: [{ channelAccountId, local: local9, zone: 'Europe/Paris' }],
  });
  narrator.done(manager.name, `plans it for ${local9.replace('T', ' ')} in Paris`);

  narrator.say('Time travel on the real engine: the run’s timers fire, nothing is faked.');
  const { now } = await local.travel({ itemId: item.id, to: 'next_deadline' });
  const measuring = await untilStage(story, item.id, 'measuring');
  const publication = measuring.publications.find(({ state }) => state === 'published');
  if (!publication) throw new Error(`${item.id} is measured and has nothing published`);
  narrator.done('Baton', `publishes ${publication.id} (the run’s clock: ${now})`);
  const { line, number } = await findLedgerLine(story.ledgerFile, publication.marker);
  narrator.say('What the network accepted, from its own ledger:');
  narrator.facts({
    ledger: `${shownPath(story.ledgerFile)}:${number}`,
    marker: line.marker,
    account: line.account,
    text: line.text.split('\n')[0] ?? '',
    'body hash': short(line.bodyHash),
  });
  return measuring;
}

/** 09:00 of the day after the current one in UTC, as a wall time. */
function tomorrowAtNine(): string {
  const tomorrow = new Date(Date.now() + 86_400_000).toISOString().slice(0, 10);
  return `${tomorrow}T09:00`;
}

/** The one line of the ledger with this marker. @throws Error when there are more, or none in time */
function findLedgerLine(
  file: string,
  marker: string,
): Promise<{ line: LedgerLine; number: number }> {
  return poll(`a ledger line with ${marker}`, async () => {
    const lines = readFileSync(file, 'utf8').split('\n').slice(0, -1);
    const found = lines.flatMap((text, index) => {
      const line = LedgerLine.parse(JSON.parse(text));
      return line.marker === marker ? [{ line, number: index + 1 }] : [];
    });
    if (found.length > 1) throw new Error(`${file} has ${marker} ${found.length} times`);
    const [only] = found;
    return only ? { found: only } : { seen: `${lines.length} other lines` };
  });
}
