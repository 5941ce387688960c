/**
 * `npm run test:hostile`: requests that are made to do harm, sent to a real stack, and what others
 * feel of them. Last line: N passed, N failed.
 */
import { parseArgs } from 'node:util';
import { type Attack, listAttacks } from './hostile/attacks.ts';
import { draftOf, type Ground, itemInCreation, prepareGround } from './hostile/ground.ts';
import { type Bystander, readLines, watchAsBystander } from './hostile/watch.ts';
import { startTemporaryStack } from './local/temporary-stack.ts';

const MAX_BLOCKED_MS = 200;
const MAX_BYSTANDER_MS = 500;
const MAX_GROWTH_BYTES = 200 * 1024 * 1024;
/** So often a request is sent again that was measured while the machine did something else, */
const AGAIN = 2;
/** for so long. */
const STARVED_MS = 100;
const MEBIBYTE = 1024 * 1024;

const { values } = parseArgs({ options: { small: { type: 'boolean', default: false } } });
const stack = await startTemporaryStack({ prefix: 'baton hostile-', taskQueue: 'hostile' });
let interrupted = false;
process.once('SIGINT', () => {
  interrupted = true;
});
try {
  const ground = await prepareGround(stack);
  const failures = await attack(ground, listAttacks(values));
  for (const failure of failures) console.log(`FAILED ${failure}`);
  console.log(`${failures.length === 0 ? 1 : 0} passed, ${failures.length} failed`);
  process.exitCode = failures.length === 0 ? 0 : 1;
} finally {
  await stack.stop();
}

async function attack(ground: Ground, attacks: readonly Attack[]): Promise<string[]> {
  const bystander = await watchAsBystander(ground.url, ground.keyOf('strategist'));
  try {
    await warmUp(ground);
    bystander.worst();
    const start = Date.now();
    const before = readLines(ground.watchFile, 0).at(-1)?.rss ?? 0;
    const failures: string[] = [];
    const worst = { blockedMs: 0, causedMs: 0 };
    for (const one of attacks) {
      if (interrupted) break;
      const felt = await attackCalmly(ground, bystander, one);
      failures.push(...felt.failures);
      worst.blockedMs = Math.max(worst.blockedMs, felt.blockedMs);
      worst.causedMs = Math.max(worst.causedMs, felt.causedMs);
    }
    console.log(`worst event-loop delay ${Math.round(worst.blockedMs)} ms`);
    console.log(`worst answer to a bystander ${Math.round(worst.causedMs)} ms`);
    if (failures.some((failure) => failure.includes('bystander gets 0'))) return failures;
    const peak = Math.max(...readLines(ground.watchFile, start).map(({ rss }) => rss));
    const growth = Math.round((peak - before) / MEBIBYTE);
    console.log(`memory peak +${growth} MiB over ${Math.round(before / MEBIBYTE)} MiB`);
    if (peak - before > MAX_GROWTH_BYTES) failures.push(`memory grew by ${growth} MiB`);
    const poisoned = await isPoisoned(ground);
    console.log(`items poisoned: ${poisoned ? 1 : 0}`);
    return poisoned ? [...failures, 'an item is poisoned'] : failures;
  } finally {
    await bystander.stop();
  }
}

/**
 * What a bystander feels is measured again only where the machine had no time for the API. What the
 * loop itself computed counts at once: a second time its answer may be one that is kept.
 */
async function attackCalmly(ground: Ground, bystander: Bystander, one: Attack): Promise<Felt> {
  let felt = await attackOnce(ground, bystander, one);
  const isDoubtful = ({ failures, blockedMs, starvedMs }: Felt) =>
    failures.length > 0 && blockedMs <= MAX_BLOCKED_MS && starvedMs > STARVED_MS;
  for (let count = 0; count < AGAIN && isDoubtful(felt); count += 1) {
    felt = await attackOnce(ground, bystander, one);
  }
  return felt;
}

interface Felt {
  blockedMs: number;
  causedMs: number;
  /** How long the loop was away without computing. */
  starvedMs: number;
  failures: string[];
}

async function attackOnce(ground: Ground, bystander: Bystander, one: Attack): Promise<Felt> {
  const start = Date.now();
  const failures: string[] = [];
  try {
    await one.run(ground);
  } catch (error) {
    failures.push(`${one.name}: ${error instanceof Error ? error.message : String(error)}`);
  }
  // Until the last delay is written.
  await new Promise((resolve) => setTimeout(resolve, 150));
  const lines = readLines(ground.watchFile, start);
  const blockedMs = Math.max(0, ...lines.map((line) => line.blockedMs));
  const delayMs = Math.max(0, ...lines.map((line) => line.delayMs));
  const { answerMs, beyondControlMs, failures: refused } = bystander.worst();
  // While the loop was away without computing, the machine did something else.
  const starvedMs = Math.max(0, ...lines.map((line) => line.delayMs - line.blockedMs));
  const causedMs = Math.max(0, beyondControlMs - starvedMs);
  const figures = [
    `loop ${Math.round(blockedMs)} ms (delay ${Math.round(delayMs)} ms)`,
    `bystander ${Math.round(causedMs)} ms (answer ${Math.round(answerMs)} ms)`,
    `memory ${Math.round(Math.max(0, ...lines.map(({ rss }) => rss)) / MEBIBYTE)} MiB`,
    `${Date.now() - start} ms in all`,
  ];
  console.log(`${one.name}: ${figures.join(', ')}`);
  if (blockedMs > MAX_BLOCKED_MS) failures.push(`${one.name}: loop away ${blockedMs} ms`);
  if (causedMs > MAX_BYSTANDER_MS) failures.push(`${one.name}: bystander waits ${causedMs} ms`);
  if (refused.length > 0) failures.push(`${one.name}: bystander gets ${refused.join(' ')}`);
  return { blockedMs, causedMs, starvedMs, failures };
}

/** What a process does once: code is compiled, threads are started, their heaps get their size. */
async function warmUp({ url, feedPath, people, strangers }: Ground): Promise<void> {
  for (let count = 0; count < 12; count += 1) {
    // Of two workspaces at once, which has both threads at work.
    await Promise.all([itemInCreation(people), itemInCreation(strangers)]);
    await people.ask('editor', 'GET', '/v1/audit/stuck');
    await (await fetch(url + feedPath)).text();
  }
}

/** Whether the item that was attacked takes no command any more. */
async function isPoisoned({ people, itemId }: Ground): Promise<boolean> {
  try {
    await people.ask('creator', 'PUT', `/v1/items/${itemId}/draft`, draftOf('still alive'));
    return false;
  } catch (error) {
    console.log(error instanceof Error ? error.message : String(error));
    return true;
  }
}
