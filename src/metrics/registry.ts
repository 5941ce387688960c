import type { ChannelId } from '../domain/channel/channels.ts';
import type { HttpClient } from '../http/http-client.ts';
import type { ReadingsSource } from './readings-source.ts';
import { createSandboxSource } from './sandbox.ts';

export interface SourceDependencies {
  http: Pick<HttpClient, 'getJson'>;
  /** Address of the sandbox network; null where there is none. */
  sandboxUrl: string | null;
}

export interface SourceRegistry {
  /** The sources that know something of a channel's posts, in the order of the table. */
  forChannel(channel: ChannelId): ReadingsSource[];
}

const SOURCES = {
  sandbox: ({ http, sandboxUrl }) =>
    sandboxUrl === null ? null : createSandboxSource({ http, baseUrl: sandboxUrl }),
} as const satisfies Record<string, (deps: SourceDependencies) => ReadingsSource | null>;

/** The readings sources that this deployment has. */
export function createSourceRegistry(deps: SourceDependencies): SourceRegistry {
  const sources = Object.values(SOURCES).flatMap((create) => create(deps) ?? []);
  return {
    forChannel: (channel) => sources.filter((source) => source.supplies(channel).length > 0),
  };
}
