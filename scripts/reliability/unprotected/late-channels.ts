import type { ChannelDependencies } from '../../../src/channels/channel.ts';
import type { ChannelRegistry } from '../../../src/channels/registry.ts';
import { callHarness } from '../parts/call-harness.ts';
import { wrappedChannels } from '../parts/wrapped-channels.ts';

const PATIENCE_MS = 30_000;

/** A sender that was paused goes on where it was: neither its lease nor its deadline is asked again. */
export function createChannelRegistry(deps: ChannelDependencies): ChannelRegistry {
  return wrappedChannels(deps, (channel) => ({
    ...channel,
    async publish(request) {
      await callHarness({ at: 'before-publish', subject: request.content.text });
      const signal = AbortSignal.timeout(PATIENCE_MS);
      return channel.publish({ ...request, signal, writeBefore: Number.POSITIVE_INFINITY });
    },
  }));
}
