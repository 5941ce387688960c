/**
 * `npm run replay -- --from ADDRESS`: replays runs of a live deployment against this checkout, before a
 * release. Nothing is written there. Keys and access come from the environment, as a worker's do.
 * Ends with 1 when a run differs or cannot be read, with 2 when nothing could be replayed.
 */
import { parseArgs } from 'node:util';
import { Client, Connection } from '@temporalio/client';
import { DefaultLogger, Runtime } from '@temporalio/worker';
import { readReplayConfig } from '../src/config.ts';
import { createDataConverter } from '../src/engine/data-converter.ts';
import { CLIENT_CHANNEL_ARGS, CLIENT_INTERCEPTORS } from '../src/engine/interceptors.ts';
import { bundleForReplay } from './replay/replay.ts';
import { type LiveReplay, replayLive } from './replay/replay-live.ts';

const USAGE =
  'usage: npm run replay -- --from HOST:PORT [--namespace NAME] [--limit 10000] [--sample 200]';
/** Each history is fetched and replayed one after another. */
const MAX_SAMPLE = 10_000;
const MAX_LIMIT = 1_000_000;

class UsageError extends Error {}

function readOptions() {
  const { values } = parseArgs({
    options: {
      from: { type: 'string' },
      namespace: { type: 'string' },
      limit: { type: 'string', default: '10000' },
      sample: { type: 'string', default: '200' },
    },
  });
  const { from, namespace } = values;
  if (from === undefined) throw new UsageError('--from is required');
  return {
    from,
    namespace,
    limit: wholeNumber('--limit', values.limit, MAX_LIMIT),
    sample: wholeNumber('--sample', values.sample, MAX_SAMPLE),
  };
}

function wholeNumber(option: string, text: string, max: number): number {
  const value = /^\d+$/.test(text) ? Number(text) : 0;
  if (value < 1 || value > max) {
    throw new UsageError(`${option} must be a whole number from 1 to ${max}`);
  }
  return value;
}

async function replay(): Promise<LiveReplay> {
  const { from, namespace, limit, sample } = readOptions();
  const { temporal: settings, payloadKeys } = readReplayConfig({
    ...process.env,
    TEMPORAL_ADDRESS: from,
    ...(namespace !== undefined && { TEMPORAL_NAMESPACE: namespace }),
  });
  Runtime.install({
    logger: new DefaultLogger('ERROR'),
    telemetryOptions: { logging: { filter: 'OFF' } },
    shutdownSignals: [],
  });
  const connection = await Connection.connect({
    ...settings.connection,
    interceptors: CLIENT_INTERCEPTORS,
    channelArgs: CLIENT_CHANNEL_ARGS,
  });
  try {
    const dataConverter = createDataConverter(payloadKeys);
    const temporal = new Client({ connection, namespace: settings.namespace, dataConverter });
    return await replayLive(temporal, await bundleForReplay(), { dataConverter, limit, sample });
  } finally {
    await connection.close();
  }
}

function report({ listed, isCut, replayed, gone, problems }: LiveReplay): number {
  for (const line of problems) console.log(line);
  const bad = problems.filter((line) => !line.startsWith(' ')).length;
  const left = gone > 0 ? `, ${gone} gone meanwhile` : '';
  console.log(
    `${replayed} of ${listed}${isCut ? ' or more' : ''} runs replayed${left}: ` +
      (bad === 0 ? 'no difference' : `${bad} differ or could not be read`),
  );
  if (bad > 0) return 1;
  return replayed === 0 ? 2 : 0;
}

try {
  process.exitCode = report(await replay());
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error));
  if (error instanceof UsageError) console.error(USAGE);
  process.exitCode = 2;
}
