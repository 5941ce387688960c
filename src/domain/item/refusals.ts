import type { ItemContext, PublicationRecord } from './context.ts';

/**
 * What became of each account last. A skipped record is left out: where a person gave the account up,
 * its refused posts are skipped with it, and a slot that was only taken back or released settles nothing.
 * With its campaign cancelled, an item plans nothing more.
 */
function lastOfAccounts({ publications, cancelling }: ItemContext): PublicationRecord[] {
  if (cancelling !== null) return [];
  const last = new Map<string, PublicationRecord>();
  for (const record of publications) {
    if (record.state !== 'skipped') last.set(record.channelAccountId, record);
  }
  return [...last.values()];
}

/** Posts that a network refused and that nobody has planned again or skipped. */
export function openRefusals(context: ItemContext): PublicationRecord[] {
  return lastOfAccounts(context).filter(({ state }) => state === 'rejected');
}

/** Accounts that were to have a post and have none: a plan may replace it wherever the item is. */
export function accountsToReplace(context: ItemContext): string[] {
  return lastOfAccounts(context)
    .filter(({ state }) => state === 'rejected' || state === 'not_live')
    .map(({ channelAccountId }) => channelAccountId);
}
