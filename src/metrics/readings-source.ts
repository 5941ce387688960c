import type { ChannelId } from '../domain/channel/channels.ts';
import type { MeasureId, Reading } from '../domain/kpi/measures.ts';

/** What a source is asked to read: one publication at one checkpoint. */
export interface CollectRequest {
  publication: {
    id: string;
    channel: ChannelId;
    /** What the post can be found by on its channel. */
    marker: string;
    remoteId: string | null;
    /** Null until it is out: then only a baseline can be read. */
    publishedAt: string | null;
    /** The account's name on the channel. */
    accountRef: string;
  };
  /** `baseline`, or an age such as `+24h`. */
  checkpoint: string;
  /** The instant of asking, by the item's own clock. */
  at: string;
  signal?: AbortSignal;
}

/** A reading before it is stored. Its source is the adapter that supplied it. */
export type CollectedReading = Omit<Reading, 'id' | 'source' | 'createdBy' | 'createdAt'>;

/**
 * `readings` has what the source said and nothing else: a measure it did not supply is absent, never
 * 0. `unavailable` says why nothing could be read; `retry` whether asking again may help.
 */
export type SourceReply =
  | { readings: CollectedReading[] }
  | { unavailable: string; retry: boolean };

/** A place that numbers come from. Adapters ask once, never throw for what a source does, never retry. */
export interface ReadingsSource {
  /** The `source` of its readings: nobody else may use the name. */
  id: string;
  /** Measures it can supply for posts of a channel; empty where it knows nothing of the channel. */
  supplies(channel: ChannelId): readonly MeasureId[];
  collect(request: CollectRequest): Promise<SourceReply>;
}
