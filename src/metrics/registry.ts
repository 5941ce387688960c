import { type ChannelSessions, createMemorySessions } from '../channels/channel-sessions.ts';
import type { ChannelId } from '../domain/channel/channels.ts';
import type { HttpClient } from '../http/http-client.ts';
import { BLUESKY_COUNTS } from './bluesky.ts';
import { checkSource } from './check-source.ts';
import { GOATCOUNTER } from './goatcounter.ts';
import { MASTODON_COUNTS } from './mastodon.ts';
import { meteredHttp, type RequestBudget } from './metered-http.ts';
import { type ReadingsSource, readingsSource } from './readings-source.ts';
import { REDIRECTOR } from './redirector.ts';
import { SANDBOX } from './sandbox.ts';
import type {
  CheckReply,
  MetricSourceKind,
  SourceConnection,
  SourceDeployment,
} from './source-kind.ts';
import { GOOGLE_ANALYTICS } from './web/google-analytics.ts';
import { MATOMO } from './web/matomo.ts';
import { PLAUSIBLE } from './web/plausible.ts';
import { SEARCH_CONSOLE } from './web/search-console.ts';
import { UMAMI } from './web/umami.ts';

/** Every system that numbers can come from. */
const KINDS: readonly MetricSourceKind[] = [
  SANDBOX,
  BLUESKY_COUNTS,
  MASTODON_COUNTS,
  GOATCOUNTER,
  UMAMI,
  PLAUSIBLE,
  MATOMO,
  GOOGLE_ANALYTICS,
  SEARCH_CONSOLE,
  REDIRECTOR,
];

export interface SourceDependencies extends SourceDeployment {
  http: HttpClient;
  /** Where sessions with networks are kept for all workers; each worker keeps its own when absent. */
  sessions?: ChannelSessions;
}

/** A connection with what its requests count against. */
export interface OpenSource extends SourceConnection {
  kind: MetricSourceKind;
  /** IANA zone in which the source counts its days. */
  zone: string;
  /** Id of the connection or account that it is: sessions are kept under it. */
  ownerId: string;
  budget: RequestBudget;
}

export interface SourceRegistry {
  /** The deployment's own sources that know something of a channel's posts, in the order of the table. */
  forChannel(channel: ChannelId): ReadingsSource[];
  /** Kinds that ask a channel's own accounts for the numbers of their posts. */
  ofAccounts(channel: ChannelId): MetricSourceKind[];
  /** The kind of a connection; null for one that is not connected. */
  connected(id: string): MetricSourceKind | null;
  /** @returns what is wrong with the connection, in words, when it cannot be opened. */
  open(asked: OpenSource): ReadingsSource | string;
  /** Whether the address and credentials of a connection are good. */
  check(kind: MetricSourceKind, connection: SourceConnection): Promise<CheckReply>;
}

/** The readings sources that this deployment has. */
export function createSourceRegistry(
  { http, sessions = createMemorySessions(), ...deployment }: SourceDependencies,
  kinds = KINDS,
): SourceRegistry {
  const now = () => Date.now();
  // The store for all workers knows accounts only.
  const ofConnections = createMemorySessions();
  const deployed = kinds.flatMap((kind) => {
    const connection = kind.deployed(deployment);
    const source = connection && kind.open(connection, { http, now, sessions, ownerId: kind.id });
    if (source === null || typeof source === 'string') return [];
    return [{ kind, source: readingsSource(kind, source, { zone: 'UTC', secret: null }) }];
  });
  return {
    forChannel: (channel) =>
      deployed.filter(({ kind }) => kind.supplies(channel).length > 0).map(({ source }) => source),
    ofAccounts: (channel) =>
      kinds.filter(({ origin, supplies }) => origin === 'account' && supplies(channel).length > 0),
    connected: (id) => kinds.find((kind) => kind.id === id && kind.origin === 'connection') ?? null,
    open({ kind, zone, budget, ownerId, ...connection }) {
      const metered = meteredHttp(http, budget);
      const source = kind.open(connection, {
        http: metered.http,
        now,
        sessions: kind.origin === 'connection' ? ofConnections : sessions,
        ownerId,
      });
      if (typeof source === 'string') return source;
      return readingsSource(kind, source, {
        zone,
        secret: connection.secret,
        heldBackMs: metered.heldBackMs,
      });
    },
    // A check signs in itself: a session of before would say nothing of these credentials.
    check: (kind, connection) =>
      checkSource(kind, connection, {
        http,
        now,
        sessions: createMemorySessions(),
        ownerId: kind.id,
      }),
  };
}

/** What connections may be of, and how one is tried: for the API. */
export function metricSourceKinds(deps: SourceDependencies, kinds = KINDS) {
  return {
    kinds,
    kindOf: (id: string) => kinds.find((kind) => kind.id === id) ?? null,
    connectable: kinds.filter(({ origin }) => origin === 'connection').map(({ id }) => id),
    check: createSourceRegistry(deps, kinds).check,
  };
}
