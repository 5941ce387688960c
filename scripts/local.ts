/** `npm start`: the local stack, until it is asked to end. */
import { relative } from 'node:path';
import { parseArgs } from 'node:util';
import { listenForInterruption } from './local/interruption.ts';
import { START_COMMAND } from './local/own-programs.ts';
import { type LocalStack, StackInUseError, startLocalStack } from './local/stack.ts';

const usage = `${START_COMMAND} [options]
  --verbose           show what every component logs (it is always in <state>/logs)
  --state-dir <dir>   keep the state there; default .baton
  --no-ui             start no Temporal UI
  --help              show this`;

const { values } = parseArgs({
  options: {
    verbose: { type: 'boolean', default: false },
    'state-dir': { type: 'string' },
    'no-ui': { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

if (values.help) console.log(usage);
else process.exitCode = await run();

async function run(): Promise<number> {
  const interruption = listenForInterruption();
  const starting = startLocalStack({
    ...(values['state-dir'] ? { stateDir: values['state-dir'] } : {}),
    ...(values.verbose ? { onLogLine: (line) => console.log(line) } : {}),
    temporalUi: !values['no-ui'],
  });
  const stack = await Promise.race([starting, interruption.asked]).catch((error: unknown) => {
    console.error(`\n${explain(error)}`);
    return null;
  });
  if (stack === null) return 1;
  // Asked to end while starting: the components end with this process.
  if (typeof stack === 'string') process.exit(130);

  console.log(describe(stack));
  const reason = await interruption.asked;
  console.log(`\n${reason}: stopping …`);
  await stack.stop();
  interruption.dispose();
  console.log('Stopped. Everything is kept for the next start.');
  return 0;
}

function explain(error: unknown): string {
  if (error instanceof StackInUseError) return error.message;
  const message = error instanceof Error ? error.message : String(error);
  return `The local stack did not start.\n${message}`;
}

function describe(stack: LocalStack): string {
  const file = relative(process.cwd(), stack.credentialsFile);
  const roles = stack.credentials.members.map((member) => member.role).join(', ');
  return `
Baton is ready.
  Sign in    one API key per role (${roles})
             is in ${file}${stack.workspaceCreated ? ', written now for a new workspace' : ''}
  Try it     curl -H "Authorization: Bearer $(node -p 'require("./${file}").members[0].key')" ${stack.apiUrl}/v1/inbox
  Logs       ${relative(process.cwd(), stack.stateDir)}/logs
  Stop       Ctrl-C
`;
}
