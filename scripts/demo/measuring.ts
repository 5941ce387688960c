import type { Item } from '../../src/client/index.ts';
import { poll } from './poll.ts';
import { type Story, untilStage } from './story.ts';

/** The checkpoint whose shares are corrected by hand. */
const CORRECTED_AT = '+7d';
const SHARES_IN_A_CLOSED_GROUP = 12;

/** Through every checkpoint of both items, each on its run's own clock; one reading is stated by hand. */
export async function measure(
  story: Story,
  [first, second]: readonly [Item, Item],
): Promise<[Item, Item]> {
  const { narrator, cast } = story;
  const { items } = cast.strategist.client;
  narrator.chapter('Four weeks of numbers');
  narrator.say(
    'Each checkpoint is a durable timer of the run. Time travel takes it from one to the next.',
  );
  let passed = 0;
  const ends = await Promise.all([
    passCheckpoints(story, first.id, async ({ checkpoint, state, now }) => {
      const { items: readings } = await items.readings(first.id, { checkpoint, limit: '200' });
      const seen = readings.find(({ measure }) => measure === 'impressions')?.value ?? null;
      narrator.done(
        'Baton',
        `${checkpoint.padEnd(4)} ${state}: ${readings.length} readings, ${seen ?? 'no'} impressions (${now.slice(0, 10)})`,
      );
      if (checkpoint === CORRECTED_AT) await correctShares(story, first.id, now);
    }),
    passCheckpoints(story, second.id, async () => {
      passed += 1;
    }),
  ]);
  narrator.done('Baton', `measures the second piece at ${passed} checkpoints, too`);
  return ends;
}

interface PassedCheckpoint {
  checkpoint: string;
  state: string;
  /** The run's clock. */
  now: string;
}

async function passCheckpoints(
  story: Story,
  itemId: string,
  onPassed: (passed: PassedCheckpoint) => Promise<void>,
): Promise<Item> {
  const { items, local } = story.cast.strategist.client;
  for (;;) {
    const checkpoint = await nextCheckpoint(story, itemId);
    if (checkpoint === null) return untilStage(story, itemId, 'kpi_review');
    const { now } = await local.travel({ itemId, to: 'next_checkpoint' });
    const state = await poll(`checkpoint ${checkpoint} of ${itemId}`, async () => {
      const { checkpoints } = await items.get(itemId);
      const states = checkpoints
        .filter((one) => one.checkpoint === checkpoint)
        .map(({ state }) => state);
      const [found] = states;
      return found === undefined || states.includes('due')
        ? { seen: states.join(', ') }
        : { found: [...new Set(states)].join(' and ') };
    });
    await onPassed({ checkpoint, state, now });
  }
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
