import { sleep } from '@temporalio/workflow';
import type {
  PublicationOrder,
  PublicationOutcome,
} from '../../src/domain/channel/publication-intent.ts';
import { MACHINE_RULES } from '../../src/domain/item/machine/rules.ts';
import { publish } from '../../src/workflows/publication.ts';

export * from '../../src/workflows/index.ts';

/** One send without an item's run around it, so that a test can have several at once, or a late one. */
export function loneSend(order: PublicationOrder): Promise<PublicationOutcome> {
  return publish(order, {
    posts: 1,
    rules: MACHINE_RULES.sends,
    hasTooMuch: () => false,
    record: () => Promise.resolve(),
    pending: () => null,
    recorded: () => undefined,
    pause: (ms) => sleep(ms),
  });
}
