import { DefaultLogger, Runtime } from '@temporalio/worker';
import { beforeAll, describe, expect, it } from 'vitest';
import { bundleForReplay } from '../../scripts/replay/replay.ts';
import { RECORDED_HISTORIES, type Replays, replaysOf } from '../support/recorded-histories.ts';

Runtime.install({ logger: new DefaultLogger('ERROR'), shutdownSignals: [] });

describe('the code as it is asks and answers again, word for word, what recorded runs did', () => {
  let replays: Replays;
  beforeAll(async () => {
    replays = await replaysOf(await bundleForReplay());
  }, 240_000);

  it.each(RECORDED_HISTORIES)('%s', (file) => {
    expect(replays.get(file)).toBeNull();
  });
});
