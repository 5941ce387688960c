import { setTimeout as delay } from 'node:timers/promises';
import type { FaultMode } from '../../../src/channels/sandbox/protocol.ts';
import type { TemporaryStack } from '../../local/temporary-stack.ts';
import { orderFault } from '../evidence.ts';
import { makeApprovedItems, planPosts } from '../items.ts';
import { countFaults, judgeFates, type PostFate } from '../judge-fates.ts';
import type { Outcome, RunOptions } from '../line.ts';
import { awaitFates, recoveriesOf } from '../post-fates.ts';
import { openSite } from '../site.ts';

/** Accepted, and the sender cannot know. */
const MODES: FaultMode[] = [
  'accept_then_hang',
  'accept_then_reset',
  'accept_then_500',
  'accept_then_empty',
  'accept_then_garbage',
];
const SPREAD_MS = 300;
/** The lease of a sender that was given up, and two look-ups with the wait between. */
const SETTLE_MS = 180_000;
/** Longer than any run: no look-up shows the post. */
const NEVER_MS = 3_600_000;

/** An account of the line: how its network treats keys, and which share of its posts goes wrong. */
export interface FaultyAccount {
  settings: Record<string, unknown>;
  /** Accepted, then failed. */
  rate: number;
  /** The same, and the listing does not show it either. */
  unlistedRate: number;
}

/** Publishes on accounts whose networks accept and then fail. */
export async function runAcceptThenFail(
  stack: TemporaryStack,
  { n, seed, control, progress }: RunOptions,
  {
    name,
    accounts,
    isUnprovable,
  }: {
    name: string;
    accounts: readonly FaultyAccount[];
    /** @param settings of the post's account. */
    isUnprovable: (fate: PostFate, settings: Record<string, unknown>) => boolean;
  },
): Promise<Outcome> {
  const site = await openSite(stack, {
    workerParts: control ? ['blindChannels'] : [],
  });
  try {
    const made = await Promise.all(
      accounts.map(async (plan) => ({ ...plan, ...(await site.addAccount(name, plan.settings)) })),
    );
    for (const { name: account, rate, unlistedRate } of made) {
      const drawn = { modes: MODES, account, firstAttemptOnly: true };
      const unlisted = { ...drawn, seed: `${seed} unlisted`, rate: unlistedRate };
      if (unlistedRate > 0) await orderFault(stack, { ...unlisted, listedAfterMs: NEVER_MS });
      await orderFault(stack, { ...drawn, seed: `${seed}`, rate });
    }
    const wanted = Array.from({ length: n }, (_, index) => {
      const account = made[index % made.length];
      if (account === undefined) throw new RangeError('the line has no account');
      // No id is in the text: the seed alone decides which posts fail.
      const text = `${name} ${seed}: post ${index}`;
      return { text, account: { id: account.id, name: account.name } };
    });
    const posts = await makeApprovedItems(site.people, wanted);
    const lastDueAt = await planPosts(site.people, posts, n * SPREAD_MS);
    progress(`${n} posts are planned`);
    await delay(Math.max(0, lastDueAt - Date.now()));
    progress('the last one is due');
    const fates = await awaitFates(site, posts, { withinMs: SETTLE_MS });
    const settingsOf = new Map(made.map(({ id, settings }) => [id, settings]));
    const judged = judgeFates(fates, {
      isUnprovable: (fate) => isUnprovable(fate, settingsOf.get(fate.post.account.id) ?? {}),
    });
    const faults = countFaults(fates);
    if (Object.keys(faults).length === 0) judged.violations.push('this seed makes no post fail');
    return { ...judged, faults, recoveryMs: await recoveriesOf(site, fates) };
  } finally {
    await site.close();
  }
}
