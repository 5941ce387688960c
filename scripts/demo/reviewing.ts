import type { Item } from '../../src/client/index.ts';
import { submit } from './creating.ts';
import { type Piece, withSource } from './piece.ts';
import { refusalOf } from './refusal.ts';
import { type Story, short, untilStage } from './story.ts';

/** Four eyes, a request for changes, an approval of a text that is gone, and the gate that closes. */
export async function review(story: Story, submitted: Item, piece: Piece): Promise<Item> {
  const { narrator, cast } = story;
  const { creator, editor, legal } = cast;
  const itemId = submitted.id;
  const firstHash = contentHashOf(submitted);
  narrator.chapter('Approvals bind to the content');
  narrator.say(`${creator.name} is an editor, too. Not of a text of her own.`);
  const approval = { itemId, role: 'editor', contentHash: firstHash, decision: 'approve' } as const;
  const { itemId: _, ...own } = approval;
  const fourEyes = await refusalOf(creator.client.items.decideApproval(itemId, own), {
    requirement: 'four_eyes',
  });
  narrator.refused(creator.name, 'approves her own article', fourEyes);

  await editor.decide({
    type: 'decide_approval',
    data: {
      ...approval,
      decision: 'request_changes',
      reason: 'unsupported_claim',
      comment: 'Les clients du soir « viennent plus tôt » : d’où le savons-nous ?',
    },
  });
  narrator.done(editor.name, 'requests changes by webhook: unsupported_claim');

  const revised = await creator.client.items.saveDraft(itemId, withSource(piece));
  narrator.done(creator.name, `names the source: draft ${revised.version}`);
  const again = await submit(story, itemId);
  const contentHash = contentHashOf(again);

  const late = await refusalOf(
    legal.decide({ type: 'decide_approval', data: { ...approval, role: 'legal' } }),
    { requirement: 'current_hash' },
  );
  narrator.refused(legal.name, 'approves the first version, still open in another tab', late);

  for (const [role, approver] of [
    ['editor', editor],
    ['legal', legal],
  ] as const) {
    await approver.decide({
      type: 'decide_approval',
      data: { itemId, role, contentHash, decision: 'approve' },
    });
    narrator.done(approver.name, `approves ${short(contentHash)} by webhook, as ${role}`);
  }
  const scheduling = await untilStage(story, itemId, 'scheduling');
  narrator.say('The gate closes, and the system offers the piece to the social media manager.');
  return scheduling;
}

function contentHashOf({ id, gate }: Item): string {
  if (!gate) throw new Error(`${id} has no open gate`);
  return gate.contentHash;
}
