import { join } from 'node:path';
import { gatherCast } from './cast.ts';
import { handTheBriefOver, startWithHalfABrief, writeAndSubmit } from './creating.ts';
import { carryOn, decide, verifyRecord } from './deciding.ts';
import { measure } from './measuring.ts';
import type { Narrator } from './narrator.ts';
import { gatherAccounts, readSandboxUrl } from './network.ts';
import { readPiece } from './piece.ts';
import { publish } from './publishing.ts';
import { openReceiver, showTold } from './receiver.ts';
import { review } from './reviewing.ts';
import type { RunningStack } from './running-stack.ts';
import { editAfterPlanning, schedule } from './scheduling.ts';
import type { Story } from './story.ts';
import { showStuckItems } from './stuck-items.ts';

/**
 * One item from brief to verdict and three that get stuck, over the public API and signed webhooks.
 * @throws Error naming what did not go as told
 */
export async function tellStory(stack: RunningStack, narrator: Narrator): Promise<void> {
  const french = readPiece('fr');
  const english = readPiece('en');
  const cast = await gatherCast(stack.credentials);
  const story: Story = {
    narrator,
    cast,
    accounts: await gatherAccounts(cast.social_media_manager.client),
    sandboxUrl: readSandboxUrl(stack.stateDir),
    ledgerFile: join(stack.stateDir, 'sandbox', 'ledger.jsonl'),
    stateDir: stack.stateDir,
  };

  const receiver = await openReceiver(stack.stateDir, cast.admin.client);
  try {
    const item = await startWithHalfABrief(story, french);
    await handTheBriefOver(story, item, french);
    const submitted = await writeAndSubmit(story, item, french);
    const approved = await review(story, submitted, french);
    const planned = await schedule(story, approved);
    const approvedAgain = await editAfterPlanning(story, planned, french);
    const published = await publish(story, approvedAgain);
    const measured = await measure(story, published);
    await decide(story, measured);
    await carryOn(story, item.id);
    await verifyRecord(story, item.id);
    const { extended, approved: byLink, cancelled } = await showStuckItems(story, english);
    narrator.chapter('What an outside system was told');
    await showTold(narrator, receiver, [
      { itemId: item.id, type: 'item.closed' },
      { itemId: extended, type: 'clock.extended' },
      { itemId: byLink, type: 'approval.decided' },
      { itemId: cancelled, type: 'item.cancelled' },
    ]);
  } finally {
    await receiver.close();
  }
}
