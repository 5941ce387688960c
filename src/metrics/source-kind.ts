import type { z } from 'zod';
import type { ChannelSessions } from '../channels/channel-sessions.ts';
import type { ChannelId } from '../domain/channel/channels.ts';
import type { MeasureId } from '../domain/kpi/measures.ts';
import type { HttpClient } from '../http/http-client.ts';

/** One publication at one checkpoint, as an adapter is asked for it. */
export interface SourceQuestion {
  publication: {
    /** Also the `utm_content` of its link. */
    id: string;
    channel: ChannelId;
    /** What the post can be found by on its channel. */
    marker: string;
    remoteId: string | null;
    /** Where the post is seen; null where its channel says none. */
    url: string | null;
    /** Null until it is out: then only a baseline can be read. */
    publishedAt: string | null;
    /** The account's name on the channel. */
    accountRef: string;
  };
  /** The page that the post leads to, without its tags; null when it has no link. */
  page: string | null;
  /** `baseline`, or an age such as `+24h`. */
  checkpoint: string;
  /** The instant of asking, by the item's own clock. */
  at: string;
  /** From the publication to the age of the checkpoint, ISO 8601 UTC; `to` is never after `at`. */
  window: { from: string; to: string };
  /** IANA zone that the source's days are read in. */
  zone: string;
  /** Asked for now: of what the kind supplies, only `followers` at the baseline. */
  measures: readonly MeasureId[];
}

/**
 * What a source says of one measure. A number is what it supplied, 0 included; `empty`: it answered
 * and had no row; `not_available`: it cannot supply it for this publication.
 */
export type MeasureAnswer = number | 'empty' | 'not_available';

/** What the source answered. A measure that is not named counts as `empty`. */
export interface SourceAnswer {
  measures: { readonly [Measure in MeasureId]?: MeasureAnswer };
  /** As of when, ISO 8601 UTC; the instant of asking when absent. */
  asOf?: string;
  /** What the source itself says about it; the kind's settling time decides when absent. */
  settled?: boolean;
  /** From when on the numbers of this window should no longer change; as above when absent. */
  settlesAt?: string;
}

/** Nothing could be read, and why. Never a token in it: it is stored and shown. */
export interface SourceFailure {
  unavailable: string;
  /** Whether asking again may help. */
  retry: boolean;
  /** The source asked for silence this long. */
  retryAfterMs?: number;
  /** It refused the credentials: only others help. */
  credentialsRefused?: true;
  /** It was not asked: its limit is used up, or it asked for silence. */
  heldBack?: true;
}

/** `detail`: what was found, e.g. the name of the site. */
export type CheckReply = { ok: true; detail: string } | ({ ok: false } & SourceFailure);

/** A system with its address and credentials. Asks once, never retries, never throws for what it answers. */
export interface MetricSource {
  /** Asks for as little as proves that address and credentials are good. */
  check(signal: AbortSignal): Promise<CheckReply>;
  collect(question: SourceQuestion, signal: AbortSignal): Promise<SourceAnswer | SourceFailure>;
}

/** Clicks on the short links of a publication; null where none was sent. */
export type ClickCount = (publicationId: string) => Promise<number | null>;

/** What a deployment gives: not of any connection. */
export interface SourceDeployment {
  /** Address of the sandbox network; null where there is none. */
  sandboxUrl: string | null;
  /** Clicks on Baton's own short links, in the workspace of the work that asks. */
  countClicks?: ClickCount;
}

/**
 * Where address and credentials come from:
 * - `connection`: a row of `metric_sources`, described by `config` and `secret`;
 * - `account`: the channel account that posted, by its settings and credentials;
 * - a function: the deployment; null where it has none.
 */
export type SourceOrigin<Config> =
  | 'connection'
  | 'account'
  | ((deployment: SourceDeployment) => Config | null);

/** What an adapter works with. */
export interface SourceMeans {
  /** The only way out; every request counts against the limit. */
  http: HttpClient;
  now(): number;
  /** Where a session with the system is kept, for all workers. */
  sessions: ChannelSessions;
  /** Id of the connection or account: sessions are kept under it. */
  ownerId: string;
}

export interface SourceParts<Config, Secret> {
  /** The `source` of its readings: nobody else may use the name. */
  id: string;
  /** As people call it. */
  name: string;
  origin: SourceOrigin<Config>;
  /** Shown to whoever may see the connection. */
  config: z.ZodType<Config>;
  /** Stored encrypted and never shown. */
  secret: z.ZodType<Secret>;
  /** Measures it can supply for posts of a channel; empty where it knows nothing of the channel. */
  supplies(channel: ChannelId): readonly MeasureId[];
  /**
   * How long after the window's end a number may still change, milliseconds; of all or each measure. It is
   * asked for once more after it: the answer then has to be that of the same window, not of that moment.
   */
  settlingMs: number | { readonly [Measure in MeasureId]?: number };
  /** Requests that its documentation allows; Baton keeps below them. Null: it states none. */
  limit: { requests: number; perMs: number } | null;
  /** Name of the definition, for measures that tools define differently: `bounce:ga4`. */
  definitions: { readonly [Measure in MeasureId]?: string };
  create(opened: SourceMeans & { config: Config; secret: Secret }): MetricSource;
}

/** What a connection is opened with. */
export interface SourceConnection {
  config: unknown;
  secret: unknown;
}

/** Everything that makes a system a source of readings: one file, and one line of the registry. */
export interface MetricSourceKind
  extends Omit<SourceParts<unknown, unknown>, 'create' | 'origin' | 'config' | 'secret'> {
  origin: 'connection' | 'account' | 'deployment';
  config: z.ZodType;
  secret: z.ZodType;
  /** @returns null where the deployment has none. */
  deployed(deployment: SourceDeployment): SourceConnection | null;
  /** @returns what is wrong with the connection, in words, when it cannot be opened. */
  open(connection: SourceConnection, means: SourceMeans): MetricSource | string;
}

/** A kind whose adapter sees only what its own schemas parsed. */
export function defineSource<Config, Secret>(parts: SourceParts<Config, Secret>): MetricSourceKind {
  const { create, origin, ...rest } = parts;
  return {
    ...rest,
    origin: typeof origin === 'function' ? 'deployment' : origin,
    deployed(deployment) {
      const config = typeof origin === 'function' ? origin(deployment) : null;
      return config === null ? null : { config, secret: {} };
    },
    open(connection, means) {
      const config = parts.config.safeParse(connection.config);
      if (!config.success) return `its settings are not those of ${parts.name}`;
      const secret = parts.secret.safeParse(connection.secret ?? {});
      if (!secret.success) return `its credentials are not those of ${parts.name}`;
      return create({ config: config.data, secret: secret.data, ...means });
    },
  };
}
