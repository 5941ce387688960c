import type { People } from './people.ts';

/** Slots that are asked for until one is still to come when it is heard. */
const PLANS = 3;

/**
 * Plans one post, as a person does: whose request was heard after its slot (a kill, a busy machine)
 * asks for a later one.
 * @param slotAt asked anew for each attempt, epoch milliseconds
 * @throws Error with the answer, when it is another refusal or the last slot was too early as well
 */
export async function planPost(
  people: People,
  { itemId, account }: { itemId: string; account: { id: string } },
  slotAt: () => number,
): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    const at = new Date(slotAt()).toISOString();
    const publications = [{ channelAccountId: account.id, at }];
    try {
      await people.ask('social_media_manager', 'PUT', `/v1/items/${itemId}/schedule`, {
        publications,
      });
      return;
    } catch (error) {
      const isLate = error instanceof Error && error.message.includes('slot_in_future');
      if (!isLate || attempt === PLANS) throw error;
    }
  }
}
