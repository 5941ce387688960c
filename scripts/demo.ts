/** `npm run demo`: the local stack, and the story of one item on it. */
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { BatonError } from '../src/client/index.ts';
import { createNarrator } from './demo/narrator.ts';
import { openStack, type RunningStack } from './demo/running-stack.ts';
import { shownPath } from './demo/shown-path.ts';
import { tellStory } from './demo/tell.ts';
import { listenForInterruption } from './local/interruption.ts';
import { DEMO_COMMAND } from './local/own-programs.ts';

const usage = `${DEMO_COMMAND} [options]
  --exit              end after the story; the default is to keep the stack running
  --state-dir <dir>   keep the state there; default .baton
  --no-ui             start no Temporal UI
  --help              show this`;

const { values } = parseArgs({
  options: {
    exit: { type: 'boolean', default: false },
    'state-dir': { type: 'string' },
    'no-ui': { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

if (values.help) console.log(usage);
else process.exitCode = await run();

async function run(): Promise<number> {
  const interruption = listenForInterruption();
  const narrator = createNarrator({
    write: (line) => console.log(line),
    colours: process.stdout.isTTY === true && !process.env['NO_COLOR'],
  });
  console.log('Baton: one content item, from brief to signed-off KPI verdict.\n');
  const started = performance.now();
  const opening = openStack({
    stateDir: values['state-dir'],
    temporalUi: !values['no-ui'],
    report: (line) => console.log(`    ${line}`),
  });
  const stack = await Promise.race([opening, interruption.asked]).catch(explainAndGiveUp);
  if (stack === null) return 1;
  // Asked to end while starting: the components end with this process.
  if (typeof stack === 'string') process.exit(130);

  const telling = tellStory(stack, narrator).then(
    () => ({ told: true }) as const,
    (error: unknown) => ({ told: false, error }) as const,
  );
  const end = await Promise.race([telling, interruption.asked]);
  if (typeof end === 'string') {
    console.log(`\n${end}: stopping …`);
    await stack.stop();
    // The story is in the middle of something that nobody waits for any more.
    process.exit(130);
  }
  if (end.told) {
    console.log(epilogue(stack, performance.now() - started));
    if (!values.exit && stack.ownerPid === null) {
      console.log(`\n${await interruption.asked}: stopping …`);
    }
  } else {
    console.error(`\nThe story stops here: ${explain(end.error)}`);
    console.error(`What each component logged is in ${shownPath(join(stack.stateDir, 'logs'))}.`);
  }
  await stack.stop();
  interruption.dispose();
  return end.told ? 0 : 1;
}

function explainAndGiveUp(error: unknown): null {
  console.error(`\nThe local stack did not start.\n${explain(error)}`);
  return null;
}

function explain(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error instanceof BatonError && error.requestId)
    return `${error.message} (${error.requestId})`;
  return error.message;
}

function epilogue(stack: RunningStack, tookMs: number): string {
  const { url, temporalUiUrl, credentialsFile, ownerPid } = stack;
  const keeps = !values.exit || ownerPid !== null;
  const stop = ownerPid === null ? 'Ctrl-C' : `it is process ${ownerPid}, which was there before`;
  return `
The story took ${Math.round(tookMs / 1_000)} s, the start of the stack included.
  API          ${url}
  Docs         ${url}/docs
  Temporal UI  ${temporalUiUrl ?? (ownerPid === null ? 'not started' : `as process ${ownerPid} printed it`)}
  Keys         ${shownPath(credentialsFile)}, one per role
${keeps ? `  Stop         ${stop}` : '\nStopping the stack. Everything is kept for the next start.'}`;
}
