import type { ChannelDependencies } from '../../../src/channels/channel.ts';
import type { ChannelRegistry } from '../../../src/channels/registry.ts';
import { callHarness } from './call-harness.ts';
import { wrappedChannels } from './wrapped-channels.ts';

/** Calls the harness after the lease is checked for the last time and before the adapter begins. */
export function createChannelRegistry(deps: ChannelDependencies): ChannelRegistry {
  return wrappedChannels(deps, (channel) => ({
    ...channel,
    async publish(request) {
      await callHarness({ at: 'before-publish', subject: request.content.text });
      return channel.publish(request);
    },
  }));
}
