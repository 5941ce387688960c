import type { Command, CommandType, ItemMachineEvent } from '../../src/domain/item/commands.ts';
import type { Actor, ItemContext } from '../../src/domain/item/context.ts';
import {
  ACCOUNTS,
  aboutCurrent,
  briefDigest,
  CAST,
  command,
  DAY,
  draftDigest,
  type GivenRefs,
  HOLDERS,
  later,
  MINUTE,
  slot,
} from './item-fixture.ts';

/** What careless people and late services try, and no guard may let pass. */
export function misdeedsOf(context: ItemContext, at: string): ItemMachineEvent[] {
  const { strategist, creator, manager, creatorAndEditor, editor, admin } = CAST;
  const deeds: ItemMachineEvent[] = [];
  const add = <T extends CommandType>(
    type: T,
    by: Actor,
    given: GivenRefs<T>,
    facts?: Command<T>['facts'],
  ) => {
    const refs = aboutCurrent(context, type, given);
    deeds.push(command(type, by, { at, refs, ...(facts !== undefined && { facts }) }) as Command);
  };

  add('save_brief', strategist, {
    brief: briefDigest({ hash: 'lower targets', channels: [], targetsHash: 'lower' }),
  });
  add('offer_handoff', strategist, { checklist: [] }, { holders: HOLDERS });
  add('accept_handoff', creator, { handoffId: 'hnd_of_another_offer' });
  add('accept_handoff', CAST.secondCreator, {});
  add('submit_for_review', creator, { checklist: [] }, { holders: HOLDERS });
  add('save_draft', creatorAndEditor, { draft: draftDigest(7) });
  const contentHash = context.contentHash ?? '';
  add('decide_approval', creatorAndEditor, { role: 'editor', contentHash, decision: 'approve' });
  add('decide_approval', editor, { role: 'editor', contentHash: 'old', decision: 'approve' });
  const past = [slot(ACCOUNTS.third, later(at, -MINUTE))];
  add('plan_schedule', manager, { publications: past }, { slots: [] });
  if (['measuring', 'kpi_review', 'on_hold'].includes(context.stage)) {
    const elsewhere = [slot(ACCOUNTS.third, later(at, DAY))];
    add('plan_schedule', manager, { publications: elsewhere }, { slots: [] });
  }
  add('open_kpi_review', strategist, {});
  add('sign_off', creator, { role: 'creator', decision: 'agree' });
  add('sign_off', strategist, { role: 'strategist', decision: 'iterate', reviewHash: 'another' });
  add('hold', admin, { reason: 'now' });
  add('cancel', admin, { reason: 'now' });
  for (const { id: publicationId, at: slotAt, state } of context.publications) {
    add('skip_publication', manager, { publicationId });
    const tooLate = later(slotAt, DAY);
    if (state === 'planned') deeds.push({ type: 'publication_due', at: tooLate, publicationId });
    if (state === 'planned' && at < slotAt) {
      deeds.push({ type: 'publication_due', at, publicationId });
    }
    deeds.push({ type: 'publication_sending', at, publicationId });
    deeds.push({ type: 'publication_settled', at, publicationId, outcome: 'published' });
  }
  return deeds;
}
