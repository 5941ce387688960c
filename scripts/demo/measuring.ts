import type { Item } from '../../src/client/index.ts';
import { poll } from './poll.ts';
import { type Story, untilStage } from './story.ts';

/** The checkpoint whose shares are corrected by hand. */
const CORRECTED_AT = '+7d';
const SHARES_IN_A_CLOSED_GROUP = 12;

/** Through every checkpoint on the run's own clock; one reading is stated by hand. */
export async function measure(story: Story, { id: itemId }: Item): Promise<Item> {
  const { narrator, cast } = story;
  const { strategist } = cast;
  const { items, local } = strategist.client;
  narrator.chapter('Four weeks of numbers');
  narrator.say(
    'Each checkpoint is a durable timer of the run. Time travel takes it from one to the next.',
  );
  for (;;) {
    const due = await nextCheckpoint(story, itemId);
    if (due === null) break;
    const { now } = await local.travel({ itemId, to: 'next_checkpoint' });
    const state = await poll(`checkpoint ${due} of ${itemId}`, async () => {
      const { checkpoints } = await items.get(itemId);
      const states = checkpoints.filter((one) => one.checkpoint === due).map(({ state }) => state);
      const [found] = states;
      return found === undefined || states.includes('due')
        ? { seen: states.join(', ') }
        : { found: [...new Set(states)].join(' and ') };
    });
    const { items: readings } = await items.readings(itemId, { checkpoint: due, limit: '200' });
    const seen = readings.find(({ measure }) => measure === 'impressions')?.value ?? null;
    narrator.done(
      'Baton',
      `${due.padEnd(4)} ${state}: ${readings.length} readings, ${seen ?? 'no'} impressions (${now.slice(0, 10)})`,
    );
    if (due === CORRECTED_AT) await correctShares(story, itemId, now);
  }
  return untilStage(story, itemId, 'kpi_review');
}

async function nextCheckpoint({ cast }: Story, itemId: string): Promise<string | null> {
  const { checkpoints } = await cast.strategist.client.items.get(itemId);
  const due = checkpoints
    .filter(({ state }) => state === 'due')
    .toSorted((a, b) => a.dueAt.localeCompare(b.dueAt));
  return due[0]?.checkpoint ?? null;
}

/** The network cannot see a closed group; the community manager can. The later reading counts. */
async function correctShares(
  { narrator, cast }: Story,
  itemId: string,
  now: string,
): Promise<void> {
  const { social_media_manager: manager } = cast;
  const { items } = manager.client;
  const { items: known } = await items.readings(itemId, {
    measure: 'shares',
    checkpoint: CORRECTED_AT,
  });
  const [network] = known;
  if (!network?.publicationId) throw new Error(`${itemId} has no reading of shares to correct`);
  const { measure, value, publicationId } = network;
  await items.addReadings(itemId, {
    measure,
    publicationId,
    checkpoint: CORRECTED_AT,
    value: value + SHARES_IN_A_CLOSED_GROUP,
    asOf: now,
  });
  narrator.done(
    manager.name,
    `states a reading by hand: ${value + SHARES_IN_A_CLOSED_GROUP} shares at ${CORRECTED_AT}, not ${value}; a closed group had ${SHARES_IN_A_CLOSED_GROUP}`,
  );
}
