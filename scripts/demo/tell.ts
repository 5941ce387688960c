import { join } from 'node:path';
import { reviewCampaign, startCampaign } from './campaign.ts';
import { gatherCast } from './cast.ts';
import { handTheBriefOver, startWithHalfABrief, writeAndSubmit } from './creating.ts';
import { decide } from './deciding.ts';
import { measure } from './measuring.ts';
import type { Narrator } from './narrator.ts';
import { gatherAccounts, readSandboxUrl } from './network.ts';
import { carryOn } from './next-brief.ts';
import { readPiece } from './piece.ts';
import { publish, publishSecond } from './publishing.ts';
import { openReceiver, showTold } from './receiver.ts';
import { verifyRecord } from './record.ts';
import { review } from './reviewing.ts';
import type { RunningStack } from './running-stack.ts';
import { editAfterPlanning, schedule } from './scheduling.ts';
import type { Story } from './story.ts';
import { showStuckItems } from './stuck-items.ts';

/**
 * One item from brief to verdict, three that get stuck, and the campaign of two of them, over the public API and signed webhooks.
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
    const campaign = await startCampaign(story);
    const item = await startWithHalfABrief(story, french, campaign.id);
    await handTheBriefOver(story, item, french);
    const submitted = await writeAndSubmit(story, item, french);
    const approved = await review(story, submitted, french);
    const planned = await schedule(story, approved);
    const approvedAgain = await editAfterPlanning(story, planned, french);
    const published = await publish(story, approvedAgain);
    const stuck = await showStuckItems(story, english, campaign.id);
    const second = await publishSecond(story, stuck.approved);
    const measured = await measure(story, [published, second]);
    await decide(story, measured[0]);
    await verifyRecord(story, item.id);
    narrator.chapter('What an outside system was told');
    await showTold(narrator, receiver, [
      { itemId: item.id, type: 'item.closed' },
      { itemId: stuck.extended, type: 'clock.extended' },
      { itemId: stuck.approved, type: 'approval.decided' },
      { itemId: stuck.cancelled, type: 'item.cancelled' },
    ]);
    await reviewCampaign(story, campaign, measured);
    await carryOn(story, item.id);
  } finally {
    await receiver.close();
  }
}
