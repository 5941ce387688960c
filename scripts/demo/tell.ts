import { join } from 'node:path';
import { gatherCast } from './cast.ts';
import { handTheBriefOver, startWithHalfABrief, writeAndSubmit } from './creating.ts';
import { decide, verifyRecord } from './deciding.ts';
import { measure } from './measuring.ts';
import type { Narrator } from './narrator.ts';
import { readPiece } from './piece.ts';
import { publish } from './publishing.ts';
import { review } from './reviewing.ts';
import type { RunningStack } from './running-stack.ts';
import type { Story } from './story.ts';
import { leaveItemStuck } from './stuck-item.ts';

/**
 * One item from brief to verdict and one that gets stuck, over the public API and signed webhooks.
 * @throws Error naming what did not go as told
 */
export async function tellStory(stack: RunningStack, narrator: Narrator): Promise<void> {
  const french = readPiece('fr');
  const english = readPiece('en');
  const cast = await gatherCast(stack.credentials);
  const { items: accounts } = await cast.social_media_manager.client.channelAccounts.list();
  const account = accounts.find(({ channel, active }) => channel === 'sandbox' && active);
  if (!account) throw new Error('the workspace has no sandbox account to publish to');
  const story: Story = {
    narrator,
    cast,
    channelAccountId: account.id,
    ledgerFile: join(stack.stateDir, 'sandbox', 'ledger.jsonl'),
  };

  const item = await startWithHalfABrief(story, french);
  await handTheBriefOver(story, item, french);
  const submitted = await writeAndSubmit(story, item, french);
  const approved = await review(story, submitted, french);
  const published = await publish(story, approved);
  const measured = await measure(story, published);
  await decide(story, measured);
  await verifyRecord(story, item.id);
  await leaveItemStuck(story, english);
}
