import { readFileSync } from 'node:fs';
import { z } from 'zod';
import type { Item } from '../../src/client/index.ts';
import { showCalendar } from './calendar.ts';
import { orderFault } from './network.ts';
import { poll } from './poll.ts';
import { acceptScheduling, planInDays } from './scheduling.ts';
import { shownPath } from './shown-path.ts';
import { type Story, short, untilStage } from './story.ts';

type Publication = Item['publications'][number];

const LedgerLine = z.object({
  marker: z.string(),
  account: z.string(),
  at: z.string(),
  text: z.string(),
  bodyHash: z.string(),
});
type LedgerLine = z.infer<typeof LedgerLine>;

/**
 * The slot comes, and both networks take the post without an answer. One has it, and says so when it is
 * asked; of the other nobody can tell, and a person does.
 */
export async function publish(story: Story, item: Item): Promise<Item> {
  const { narrator, cast, accounts } = story;
  const { social_media_manager: manager } = cast;
  const { local } = manager.client;
  narrator.chapter('Sent once, also when nobody answers');
  for (const { marker } of plannedOf(item)) {
    await orderFault(story.sandboxUrl, { mode: 'accept_then_reset', marker });
  }
  narrator.say(
    'The fake network is told to take both posts and to drop the connection. Time travel on the real engine: the run’s timers fire, nothing is faked.',
  );
  const { now } = await local.travel({ itemId: item.id, to: 'next_deadline' });
  const settled = await poll(`both outcomes of ${item.id}`, async () => {
    const found = await manager.client.items.get(item.id);
    const states = found.publications.map(({ state }) => state);
    return states.includes('published') && states.includes('unknown')
      ? { found }
      : { seen: states.join(', ') };
  });
  const live = onAccount(settled, accounts.keyed);
  narrator.done('Baton', `sends ${live.id} once and asks the network (the run’s clock: ${now})`);
  const { line, number } = await findLedgerLine(story.ledgerFile, live.marker);
  narrator.facts({
    outcome: `${live.state}: ${live.evidence ?? ''}`,
    ledger: `${shownPath(story.ledgerFile)}:${number}`,
    marker: line.marker,
    account: line.account,
    text: line.text.split('\n')[0] ?? '',
    'body hash': short(line.bodyHash),
  });
  await resolveByHand(story, settled);
  const measuring = await untilStage(story, item.id, 'measuring');
  await showCalendar(story, item.id);
  return measuring;
}

/** The second piece of the campaign goes out, and nothing goes wrong. */
export async function publishSecond(story: Story, itemId: string): Promise<Item> {
  const { narrator, cast } = story;
  const { items, local } = cast.social_media_manager.client;
  narrator.chapter('The campaign’s second piece');
  await acceptScheduling(story, await untilStage(story, itemId, 'scheduling'));
  // Two days have passed on its clock.
  await planInDays(story, itemId, 5);
  await untilStage(story, itemId, 'scheduled');
  await local.travel({ itemId, to: 'next_deadline' });
  const item = await untilStage(story, itemId, 'measuring');
  const { publications } = await poll(`both posts of ${itemId}`, async () => {
    const found = await items.get(itemId);
    const states = found.publications.map(({ state }) => state);
    return states.every((state) => state === 'published') ? { found } : { seen: states.join(', ') };
  });
  narrator.done('Baton', `sends ${publications.map(({ id }) => id).join(' and ')}`);
  return item;
}

/** A network without keys and without a look-up: Baton does not send again on a doubt. */
async function resolveByHand(story: Story, item: Item): Promise<void> {
  const { narrator, cast, accounts, ledgerFile } = story;
  const { social_media_manager: manager } = cast;
  const doubtful = onAccount(item, accounts.keyless);
  narrator.say(`${doubtful.id} went to a network that knows no keys and cannot be asked.`);
  const waiting = item.waitingOn.map((one) => `${one.role} for ${one.for}`).join('; ');
  narrator.facts({
    outcome: `${doubtful.state}: ${doubtful.evidence ?? ''}`,
    'waiting on': waiting,
  });
  const { line, number } = await findLedgerLine(ledgerFile, doubtful.marker);
  await manager.client.items.resolvePublication(item.id, doubtful.id, {
    outcome: 'live',
    evidence: `seen on the page of ${line.account}: ${shownPath(ledgerFile)}:${number}`,
  });
  narrator.done(manager.name, 'looks at the page and says that it is live: nothing is sent again');
}

function plannedOf({ publications }: Item): Publication[] {
  return publications.filter(({ state }) => state === 'planned');
}

function onAccount({ id, publications }: Item, channelAccountId: string): Publication {
  const found = publications.findLast((one) => one.channelAccountId === channelAccountId);
  if (!found) throw new Error(`${id} has no publication on ${channelAccountId}`);
  return found;
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
