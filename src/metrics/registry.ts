import type { ChannelId } from '../domain/channel/channels.ts';
import type { HttpClient } from '../http/http-client.ts';
import { type ReadingsSource, readingsSource } from './readings-source.ts';
import { SANDBOX } from './sandbox.ts';
import type { MetricSourceKind, SourceDeployment } from './source-kind.ts';

/** Every system that numbers can come from. */
const KINDS: readonly MetricSourceKind[] = [SANDBOX];

export interface SourceDependencies extends SourceDeployment {
  http: HttpClient;
}

export interface SourceRegistry {
  /** The deployment's own sources that know something of a channel's posts, in the order of the table. */
  forChannel(channel: ChannelId): ReadingsSource[];
}

/** The readings sources that this deployment has. */
export function createSourceRegistry({ http, ...deployment }: SourceDependencies): SourceRegistry {
  const deployed = KINDS.flatMap((kind) => {
    const connection = kind.deployed(deployment);
    const source = connection && kind.open(connection, { http, now: Date.now });
    if (source === null || typeof source === 'string') return [];
    return [{ kind, source: readingsSource(kind, source, { zone: 'UTC', secret: null }) }];
  });
  return {
    forChannel: (channel) =>
      deployed.filter(({ kind }) => kind.supplies(channel).length > 0).map(({ source }) => source),
  };
}

/** A kind by its id; null for one that nobody wrote. */
export function sourceKindOf(id: string): MetricSourceKind | null {
  return KINDS.find((kind) => kind.id === id) ?? null;
}

/** Every kind, in the order of the table. */
export function sourceKinds(): readonly MetricSourceKind[] {
  return KINDS;
}
