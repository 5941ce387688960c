import { randomUUID } from 'node:crypto';
import type {
  Channel,
  ChannelDependencies,
  PublishOutcome,
  PublishRequest,
} from '../../../src/channels/channel.ts';
import type { ChannelRegistry } from '../../../src/channels/registry.ts';
import { wrappedChannels } from '../parts/wrapped-channels.ts';

/** As often as a queue usually tries again. */
const ATTEMPTS = 3;

/** What a scheduler without the protocol does: in doubt it sends again, as a new request, and looks nothing up. */
export function createChannelRegistry(deps: ChannelDependencies): ChannelRegistry {
  return wrappedChannels(deps, (channel) => ({
    ...channel,
    publish: (request) => publishBlindly(channel, request),
    lookup: async () => ({ outcome: 'absent' }),
  }));
}

async function publishBlindly(channel: Channel, request: PublishRequest): Promise<PublishOutcome> {
  for (let attempt = 1; ; attempt += 1) {
    const outcome = await channel.publish({ ...request, key: randomUUID() });
    if (outcome.outcome !== 'unknown' || attempt === ATTEMPTS) return outcome;
  }
}
