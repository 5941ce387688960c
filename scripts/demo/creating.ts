import type { Item } from '../../src/client/index.ts';
import { firstThoughts, type Piece } from './piece.ts';
import { refusalOf } from './refusal.ts';
import { openHandoff, type Story, short, tickedChecklist } from './story.ts';

/** The strategist starts the run with half a brief; one id from here to the verdict. */
export async function startWithHalfABrief(
  story: Story,
  piece: Piece,
  campaignId: string,
): Promise<Item> {
  const { narrator, cast } = story;
  const { strategist, creator, social_media_manager: manager } = cast;
  narrator.chapter('A run starts');
  const { item, owner, nextActions } = await strategist.client.items.start({
    title: piece.draft.title,
    brief: firstThoughts(piece),
    campaignId,
    team: {
      strategist: strategist.memberId,
      creator: creator.memberId,
      social_media_manager: manager.memberId,
    },
  });
  const next = nextActions.filter(({ allowed }) => allowed).map(({ command }) => command);
  narrator.done(strategist.name, `starts “${item.title}” with what is known so far`);
  narrator.facts({
    item: item.id,
    stage: `${item.stage}, owned by the ${owner.role}`,
    next: next.join(', '),
  });
  return item;
}

/** Half a brief is refused; the whole one is offered, and accepted by a signed webhook, twice. */
export async function handTheBriefOver(story: Story, item: Item, piece: Piece): Promise<void> {
  const { narrator, cast } = story;
  const { strategist, creator } = cast;
  const { items } = strategist.client;
  narrator.chapter('A handoff has two sides');
  const early = await refusalOf(items.offerHandoff(item.id, { checklist: {} }), {
    requirement: 'brief_complete',
  });
  narrator.refused(strategist.name, 'offers the brief too early', early);

  const saved = await items.saveBrief(item.id, piece.brief);
  const targets = piece.brief.kpiTargets?.length ?? 0;
  narrator.done(
    strategist.name,
    `completes the brief: version ${saved.version}, ${short(saved.hash)}, ${targets} KPI targets`,
  );
  await items.offerHandoff(item.id, { checklist: tickedChecklist(item) });
  const handoffId = openHandoff(await items.get(item.id));
  narrator.done(strategist.name, `ticks the checklist and offers handoff ${handoffId}`);

  const call = { type: 'accept_handoff', data: { itemId: item.id, handoffId } } as const;
  const delivery = `demo_${handoffId}`;
  const first = await creator.decide(call, delivery);
  narrator.done(
    creator.name,
    `accepts by signed webhook: ${first.stage} begins (event ${first.seq})`,
  );
  const again = await creator.decide(call, delivery);
  if (again.seq !== first.seq) throw new Error('the same delivery was applied twice');
  narrator.say(`Delivered once more as ${delivery}: the same answer, still event ${again.seq}.`);
}

/** The creator uploads, writes and submits; the gate says who is asked. */
export async function writeAndSubmit(story: Story, item: Item, piece: Piece): Promise<Item> {
  const { narrator, cast } = story;
  const { creator } = cast;
  const { client } = creator;
  narrator.chapter('The creator makes it');
  const asset = await client.assets.upload(piece.picture.bytes, { kind: 'visual' });
  narrator.done(
    creator.name,
    `uploads ${piece.picture.name}: ${asset.mediaType}, ${asset.size} bytes, ${short(asset.hash)}`,
  );
  const saved = await client.items.saveDraft(item.id, piece.draft);
  const words = piece.draft.body.split(/\s+/).length;
  const channels = piece.draft.variants.map(({ channel }) => channel).join(', ');
  narrator.done(
    creator.name,
    `saves draft ${saved.version}: ${words} words, variants for ${channels}`,
  );
  return submit(story, item.id);
}

/** Submits for review and tells who is asked. */
export async function submit({ narrator, cast }: Story, itemId: string): Promise<Item> {
  const { creator } = cast;
  const { items } = creator.client;
  await items.offerHandoff(itemId, { checklist: tickedChecklist(await items.get(itemId)) });
  const item = await items.get(itemId);
  if (!item.gate) throw new Error(`${itemId} was submitted and asks nobody`);
  const asked = item.gate.asked.map(({ role }) => role).join(' and ');
  narrator.done(creator.name, `submits for review: ${asked} must approve this very content`);
  narrator.facts({ content: short(item.gate.contentHash) });
  return item;
}
