import type { Item } from '../../src/client/index.ts';
import { decideByLink } from './approval-link.ts';
import { submit } from './creating.ts';
import { repair, showFinding, showToldPeople, untilFound, untilGone } from './finding.ts';
import { firstThoughts, type Piece, withoutPicture } from './piece.ts';
import { openHandoff, type Story, tickedChecklist } from './story.ts';

const DAY_MS = 86_400_000;

/** What became of the three, for whoever waits to hear of it. */
export interface StuckItems {
  extended: string;
  /** The second one of the campaign. */
  approved: string;
  cancelled: string;
}

/**
 * A picture that does not come, a lawyer who does not answer, a brief that nobody finishes: each is found,
 * explained, told to people and put right.
 */
export async function showStuckItems(
  story: Story,
  piece: Piece,
  campaignId: string,
): Promise<StuckItems> {
  story.narrator.chapter('Three items get stuck');
  return {
    extended: await withoutAPicture(story, piece),
    approved: await withoutALawyer(story, piece, campaignId),
    cancelled: await withoutABrief(story, piece),
  };
}

async function withoutAPicture(story: Story, piece: Piece): Promise<string> {
  const { narrator, cast } = story;
  const { strategist, creator } = cast;
  const item = await startCreation(story, { title: piece.draft.title, brief: piece.brief });
  await creator.client.items.saveDraft(item.id, withoutPicture(piece));
  narrator.done(creator.name, 'accepts it and saves the text; the picture is to follow');
  const { now } = await creator.client.local.travel({ itemId: item.id, by: 'P14D' });
  narrator.say('Two weeks pass on the run’s clock. GET /v1/audit/stuck:');
  const finding = await untilFound(story, item.id);
  showFinding(story, finding);
  await showToldPeople(story, item.id, [creator, strategist]);
  await repair(story, strategist, finding, {
    repair: 'extend',
    reason: 'the photographer comes on Thursday',
    with: { until: new Date(Date.parse(now) + 3 * DAY_MS).toISOString() },
  });
  return item.id;
}

async function withoutALawyer(story: Story, piece: Piece, campaignId: string): Promise<string> {
  const { narrator, cast } = story;
  const { strategist, creator, editor, legal } = cast;
  const item = await startCreation(story, {
    title: 'Who answers for a claim',
    campaignId,
    brief: { ...piece.brief, facts: { ...piece.brief.facts, claims: true } },
  });
  await creator.client.assets.upload(piece.picture.bytes, { kind: 'visual' });
  await creator.client.items.saveDraft(item.id, piece.draft);
  const { gate } = await submit(story, item.id);
  const contentHash = gate?.contentHash ?? '';
  await editor.decide({
    type: 'decide_approval',
    data: { itemId: item.id, role: 'editor', contentHash, decision: 'approve' },
  });
  narrator.done(editor.name, `approves; ${legal.name} does not answer`);
  await strategist.client.local.travel({ itemId: item.id, by: 'P2D' });
  narrator.say('Two days pass. A review has 24 hours.');
  showFinding(story, await untilFound(story, item.id));
  await showToldPeople(story, item.id, [legal, strategist]);
  await decideByLink(story, { itemId: item.id, title: piece.draft.title });
  await untilGone(story, item.id);
  narrator.say('The gate closes, and the finding is gone.');
  return item.id;
}

async function withoutABrief(story: Story, piece: Piece): Promise<string> {
  const { narrator, cast } = story;
  const { strategist, admin } = cast;
  const { item } = await strategist.client.items.start({
    title: 'An idea from a meeting',
    brief: firstThoughts(piece),
    team: { strategist: strategist.memberId },
  });
  narrator.done(strategist.name, `starts “${item.title}” with half a brief`);
  narrator.facts({ item: item.id });
  await strategist.client.local.travel({ itemId: item.id, by: 'P9D' });
  narrator.say('Nine days pass. A brief has two working days.');
  const finding = await untilFound(story, item.id);
  showFinding(story, finding);
  await showToldPeople(story, item.id, [strategist, admin]);
  await repair(story, strategist, finding, {
    repair: 'cancel',
    reason: 'nobody wants it any more',
  });
  return item.id;
}

/** Starts an item that its creator accepts. */
async function startCreation(
  { narrator, cast }: Story,
  start: { title: string; brief: Piece['brief']; campaignId?: string },
): Promise<Item> {
  const { strategist, creator } = cast;
  const { items } = strategist.client;
  const team = { strategist: strategist.memberId, creator: creator.memberId };
  const { item } = await items.start({ ...start, team });
  narrator.done(strategist.name, `starts “${item.title}” with its whole brief`);
  narrator.facts({ item: item.id });
  await items.offerHandoff(item.id, { checklist: tickedChecklist(item) });
  const handoffId = openHandoff(await items.get(item.id));
  await creator.decide({ type: 'accept_handoff', data: { itemId: item.id, handoffId } });
  return item;
}
