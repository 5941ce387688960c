import type { HttpClient } from '../../http/http-client.ts';
import type { Channel, ChannelDefinition } from '../channel.ts';
import { type ChannelSessions, createMemorySessions } from '../channel-sessions.ts';
import { BlueskyCredentials, BlueskySettings, settingsByName } from './account.ts';
import type { Posting } from './posting.ts';

/**
 * Bluesky, or any server of the AT Protocol. A post's record key is derived from its own key, and it is written
 * only where nothing stands: a repetition with the same content is answered as the first, one with another
 * content is refused.
 */
export const BLUESKY = {
  id: 'bluesky',
  settings: BlueskySettings,
  settingsByName,
  credentials: BlueskyCredentials,
  create: ({ http, sessions }) => createBlueskyChannel({ http, store: sessions }),
} as const satisfies ChannelDefinition;

export function createBlueskyChannel({
  http,
  store = createMemorySessions(),
}: {
  http: HttpClient;
  store?: ChannelSessions | undefined;
}): Channel {
  let loaded: Promise<Posting> | null = null;
  /** Bluesky's library reads all its schemas when it is loaded, as long as all else of a start: not before a post. */
  async function posting(): Promise<Posting> {
    loaded ??= import('./posting.ts').then(({ createPosting }) => createPosting({ http, store }));
    return loaded;
  }
  return {
    id: 'bluesky',
    idempotencyOf: () => 'exact',
    publish: async (request) => (await posting()).publish(request),
    lookup: async (request) => (await posting()).lookup(request),
  };
}
