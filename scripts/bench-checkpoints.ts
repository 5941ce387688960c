/** `npm run bench:checkpoints`: checkpoints that are due in one second, against one source that takes few requests. */
import { checkpointStorm } from './bench/checkpoints/checkpoint-storm.ts';
import { exitCodeOf, loadOfMachine, machineOfToday, optionsOf } from './bench/command-line.ts';
import { startTemporaryStack } from './local/temporary-stack.ts';
import { createPeople } from './reliability/people.ts';

/** The clock runs so much faster: five minutes are five seconds, the window of `+1h` a minute. */
const FASTER = 60;
const LIMIT = { requests: 300, perMs: 300_000 };
const WINDOW_MS = 3_600_000;

process.exitCode = await exitCodeOf(main);

async function main(): Promise<number> {
  const { real } = optionsOf({ real: { type: 'boolean', default: false } });
  const scale = real ? 1 : FASTER;
  const before = loadOfMachine();
  const stack = await startTemporaryStack({ prefix: 'baton-storm-', taskQueue: 'bench-storm' });
  try {
    const worker = { BATON_WORKFLOW_BUNDLE: stack.workflowBundle };
    await stack.start({ name: 'Worker', script: 'worker.ts', environment: worker });
    const { url } = await stack.startApi();
    const people = createPeople(stack.credentials, [url]);
    const { item } = await people.ask<{ item: { id: string } }>('strategist', 'POST', '/v1/items', {
      title: 'A storm of checkpoints',
    });
    const { workspaceId } = stack.credentials;
    const size = {
      checkpoints: 1_000,
      limit: { ...LIMIT, perMs: LIMIT.perMs / scale },
      windowMs: WINDOW_MS / scale,
    };
    const result = await checkpointStorm(
      stack.programDatabaseUrl,
      { workspaceId, itemId: item.id },
      size,
    );
    const { lost, doubled, refused, asked, mostInOneStretch, answered, looks } = result;
    const minutes = (ms: number) => ((ms * scale) / 60_000).toFixed(1);
    console.log(
      `${size.checkpoints} checkpoints due at once, a source of 300 requests in five minutes`,
    );
    console.log(`(clock × ${scale}). ${machineOfToday()}, ${before} before.\n`);
    console.log(`  lost ${lost}, stored twice ${doubled}`);
    console.log(`  requests ${asked}, of which above the limit ${refused}`);
    console.log(`  most in any five minutes ${mostInOneStretch} of 300`);
    console.log(`  looks ${looks}`);
    console.log(
      `  answered after p50 ${minutes(answered.p50)} min, p99 ${minutes(answered.p99)} min of 60`,
    );
    return lost + doubled + refused === 0 ? 0 : 1;
  } finally {
    await stack.stop();
  }
}
