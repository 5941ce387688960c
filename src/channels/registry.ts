import type { ChannelId } from '../domain/channels.ts';
import type { HttpClient } from '../http/http-client.ts';
import type { Channel } from './channel.ts';
import { createSandboxChannel } from './sandbox/adapter.ts';

export interface ChannelDependencies {
  http: HttpClient;
  /** Address of the sandbox network; null where there is none. */
  sandboxUrl: string | null;
}

export interface ChannelRegistry {
  /** The channel's adapter; null when this deployment cannot publish to it. */
  get(id: ChannelId): Channel | null;
}

const ADAPTERS = {
  sandbox: ({ http, sandboxUrl }) =>
    sandboxUrl === null ? null : createSandboxChannel({ http, baseUrl: sandboxUrl }),
} as const satisfies Partial<Record<ChannelId, (deps: ChannelDependencies) => Channel | null>>;

/** The adapters that this deployment has. */
export function createChannelRegistry(deps: ChannelDependencies): ChannelRegistry {
  const channels = new Map<ChannelId, Channel>();
  for (const create of Object.values(ADAPTERS)) {
    const channel = create(deps);
    if (channel) channels.set(channel.id, channel);
  }
  return { get: (id) => channels.get(id) ?? null };
}
