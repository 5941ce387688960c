import type { Channel, ChannelDependencies } from '../../../src/channels/channel.ts';
import { type ChannelRegistry, createChannelRegistry } from '../../../src/channels/registry.ts';

/** The real registry, with each of its channels as `wrap` makes it. */
export function wrappedChannels(
  deps: ChannelDependencies,
  wrap: (channel: Channel) => Channel,
): ChannelRegistry {
  const registry = createChannelRegistry(deps);
  return {
    ...registry,
    get(id) {
      const channel = registry.get(id);
      return channel === null ? null : wrap(channel);
    },
  };
}
