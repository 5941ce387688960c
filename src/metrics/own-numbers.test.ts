import { expect, it } from 'vitest';
import { CHANNEL_IDS } from '../domain/channel/channels.ts';
import { createHttpClient } from '../http/http-client.ts';
import { metricSourceKinds } from './registry.ts';

const { kinds } = metricSourceKinds({ http: createHttpClient(), sandboxUrl: null });
const channels: readonly string[] = CHANNEL_IDS;

it('a source that asks a channel has its name, and no other has that of a channel', () => {
  // A ban of an account silences those with the name of a channel (activities/measuring.ts).
  for (const { id, origin } of kinds) {
    if (origin === 'account') expect(channels).toContain(id);
    if (origin === 'connection') expect(channels).not.toContain(id);
  }
});

it('a source with the name of a channel knows posts of that channel alone', () => {
  for (const { id, supplies } of kinds.filter((kind) => channels.includes(kind.id))) {
    expect(CHANNEL_IDS.filter((channel) => supplies(channel).length > 0)).toEqual([id]);
  }
});
