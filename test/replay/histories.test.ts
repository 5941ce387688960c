import { DefaultLogger, Runtime } from '@temporalio/worker';
import { beforeAll, describe, expect, it } from 'vitest';
import { bundleForReplay, type ReplayBundle } from '../../scripts/replay/replay.ts';
import { RECORDED_HISTORIES, replayOf } from '../support/recorded-histories.ts';

Runtime.install({ logger: new DefaultLogger('ERROR'), shutdownSignals: [] });

describe('the code as it is asks and answers again, word for word, what recorded runs did', () => {
  let bundle: ReplayBundle;
  beforeAll(async () => {
    bundle = await bundleForReplay();
  }, 120_000);

  it.each(RECORDED_HISTORIES)('%s', async (file) => {
    expect(await replayOf(bundle, file)).toBeNull();
  });
});
