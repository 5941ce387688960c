/** `npm run bench:outbound`: events to receivers of which some hang, beside a bare loop over the same requests. */
import { exitCodeOf, loadOfMachine, machineOfToday, optionsOf } from './bench/command-line.ts';
import { measureOutbound } from './bench/outbound.ts';

const FULL = { events: 10_000, rate: 50, seconds: 40 };
const SMALL = { events: 200, rate: 20, seconds: 3 };
const LATEST_MS = 1_000;

process.exitCode = await exitCodeOf(main);

async function main(): Promise<number> {
  const { small } = optionsOf({ small: { type: 'boolean', default: false } });
  const rounds = small ? SMALL : FULL;
  const before = loadOfMachine();
  const { firstAttempt, batonPerSecond, barePerSecond, repeated } = await measureOutbound(rounds);
  const { count, p50, p95, p99 } = firstAttempt;
  console.log(`${rounds.events} events, each to one of 20 receivers of which 2 hang.`);
  console.log(`${machineOfToday()}, ${before} before.\n`);
  console.log('all at once, events/s that receivers took');
  console.log(`  Baton      ${batonPerSecond.toFixed(0)}`);
  console.log(`  bare loop  ${barePerSecond.toFixed(0)}`);
  console.log(`  Baton / bare  ${(batonPerSecond / barePerSecond).toFixed(2)}`);
  console.log(`from commit to first attempt at ${rounds.rate} events/s, ms (${count} events)`);
  console.log(`  p50 ${p50.toFixed(0)}  p95 ${p95.toFixed(0)}  p99 ${p99.toFixed(0)}`);
  console.log(`  p99 < ${LATEST_MS}  ${p99 < LATEST_MS ? 'met' : 'MISSED'}`);
  console.log(`requests that came again under their id: ${repeated}`);
  return 0;
}
