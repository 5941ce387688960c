import { allOf, type TimelineEntry } from '../../src/client/index.ts';
import { verifyChain } from '../../src/domain/item/event.ts';
import { checkEvidence } from './evidence.ts';
import { type Story, short } from './story.ts';

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
  const { pack, changed, checkpoint, rewritten, folder } = await checkEvidence(story, itemId);
  narrator.say(
    'The timeline keeps what happened and what was refused. Each event carries the hash of the one before.',
  );
  narrator.facts({
    events: String(events.length),
    refusals: `${refusals.length}: ${refusals.map(refusalText).join(', ')}`,
    chain: `verified, ${short(events.at(-1)?.hash ?? '')} is its head`,
    'audit pack': pack,
    tampering: changed,
    checkpoint,
    rewritten,
    kept: `${folder}, for \`baton verify-audit\``,
  });
}

function refusalText({ type, unmet }: Extract<TimelineEntry, { kind: 'refusal' }>): string {
  const [first] = unmet;
  const others = unmet.length - 1;
  return `${type} (${first?.code}${others > 0 ? ` and ${others} more` : ''})`;
}
