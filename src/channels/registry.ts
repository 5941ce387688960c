import type { AccountForm } from '../domain/channel/account-form.ts';
import type { ChannelId } from '../domain/channel/channels.ts';
import { BLUESKY } from './bluesky/adapter.ts';
import type { Channel, ChannelDefinition, ChannelDependencies } from './channel.ts';
import { MASTODON } from './mastodon/adapter.ts';
import { SANDBOX } from './sandbox/adapter.ts';
import { WEBHOOK } from './webhook/adapter.ts';

/** Every channel there is an adapter for. */
const DEFINITIONS: { readonly [Id in ChannelId]?: ChannelDefinition & { id: Id } } = {
  sandbox: SANDBOX,
  mastodon: MASTODON,
  bluesky: BLUESKY,
  webhook: WEBHOOK,
};

export interface ChannelRegistry {
  /** The channel's adapter; null when this deployment cannot publish to it. */
  get(id: ChannelId): Channel | null;
}

/** The adapters that this deployment has. */
export function createChannelRegistry(deps: ChannelDependencies): ChannelRegistry {
  const channels = new Map<ChannelId, Channel>();
  for (const definition of Object.values(DEFINITIONS)) {
    const channel = definition.create(deps);
    if (channel) channels.set(channel.id, channel);
  }
  return { get: (id) => channels.get(id) ?? null };
}

/** The form of a channel's accounts; null for a channel without an adapter. */
export function accountFormOf(id: ChannelId): AccountForm | null {
  return DEFINITIONS[id] ?? null;
}
