import type { TemporaryStack } from '../../local/temporary-stack.ts';
import type { Line } from '../line.ts';
import { seededRandom, shuffled } from '../random.ts';
import { type Part, replacing } from '../replacements.ts';
import { inLanes, within } from '../time.ts';

const LANES = 2;
const STARTS_WITHIN_MS = 60_000;
const LOOK_MS = 50;
const PROGRESS_EVERY = 10;

const PROGRAMS = {
  API: { script: 'src/api/server.ts', runs: 'API listens', part: 'lenientApiConfig' },
  worker: { script: 'worker.ts', runs: 'worker polls', part: 'lenientWorkerConfig' },
} as const satisfies Record<string, { script: string; runs: string; part: Part }>;
type Program = keyof typeof PROGRAMS;

/** Settings with which nothing may start. An empty one is one that is not set. */
interface Mistake {
  what: string;
  settings: Record<string, string>;
  /** What the message has to name. */
  variable: string;
  programs: readonly Program[];
  /** Its value is the address of the stack's database for its owner. */
  needsOwner?: boolean;
}

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');
const counting = (length: number) => Uint8Array.from({ length }, (_, at) => at * 7);
const BOTH = ['API', 'worker'] as const;

function mistake(what: string, variable: string, value = ''): Mistake {
  return { what, variable, settings: { [variable]: value }, programs: BOTH };
}

/** Reached from outside without anything that encrypts: keys would travel in clear. */
function openDoor(host: string, settings: Record<string, string> = {}): Mistake {
  const what = `listens on ${host}${settings['BATON_LOCAL'] === '1' ? ' as a local stack' : ''}`;
  return { what, variable: 'HOST', settings: { HOST: host, ...settings }, programs: ['API'] };
}

const MISTAKES: readonly Mistake[] = [
  openDoor('0.0.0.0'),
  openDoor('::'),
  openDoor('10.0.0.1'),
  openDoor('baton.example'),
  openDoor('0.0.0.0', { BATON_LOCAL: '1' }),
  openDoor('0.0.0.0', { BATON_LOCAL: '1', BATON_BEHIND_TLS_PROXY: '1' }),
  mistake('no key', 'BATON_SECRET_KEY'),
  mistake('a key of 16 bytes', 'BATON_SECRET_KEY', base64(counting(16))),
  mistake('a key of 31 bytes', 'BATON_SECRET_KEY', base64(counting(31))),
  mistake('a key of zeros', 'BATON_SECRET_KEY', base64(new Uint8Array(32))),
  mistake('a password for a key', 'BATON_SECRET_KEY', 'correct horse battery staple'),
  mistake('a short earlier key', 'BATON_PREVIOUS_SECRET_KEYS', base64(counting(8))),
  mistake('a key from a file that is not there', 'BATON_PREVIOUS_SECRET_KEYS_FILE', '/none/key'),
  mistake('no database', 'DATABASE_URL'),
  mistake('another database', 'DATABASE_URL', 'mysql://root@127.0.0.1/baton'),
  // The server's own superuser: row security would not hold the program.
  { ...mistake('a role that owns the tables', 'DATABASE_URL', 'owner'), needsOwner: true },
  mistake('no engine', 'TEMPORAL_ADDRESS'),
  mistake('an engine by its web address', 'TEMPORAL_ADDRESS', 'http://temporal:7233'),
  mistake('no folder for files', 'BATON_ASSETS_DIR'),
  {
    ...mistake('a public address without TLS', 'BATON_PUBLIC_URL', 'http://baton.example'),
    programs: ['API'],
  },
];

interface Start extends Mistake {
  program: Program;
}

const STARTS: readonly Start[] = MISTAKES.flatMap((one) =>
  one.programs.map((program) => ({ ...one, program })),
);

/** A program that would run unsafely does not run, and says why. */
export const R22: Line = {
  id: 'R22',
  title: 'starts of API and worker with settings that are unsafe or missing',
  target: 'none runs, each names the variable, and none repeats a value',
  protection: 'the check of the settings at the start',
  full: STARTS.length,
  small: 6,
  async run(stack, { n, seed, control, progress }) {
    const order = shuffled(STARTS, seededRandom(seed));
    const faults: Record<string, number> = {};
    const violations: string[] = [];
    let lost = 0;
    let done = 0;
    await inLanes(LANES, n, async (index) => {
      const start = order[index % order.length];
      if (start === undefined) return;
      const kind = `${start.program}: ${start.what}`;
      faults[kind] = (faults[kind] ?? 0) + 1;
      const wrong = await attempt(stack, start, { control });
      if (wrong.length > 0) lost += 1;
      violations.push(...wrong.map((why) => `${kind}: ${why}`));
      done += 1;
      if (done % PROGRESS_EVERY === 0) progress(`${done} starts`);
    });
    const none = { duplicated: 0, unresolved: 0, recoveryMs: [], evidence: [] };
    return { operations: n, faults, lost, violations, ...none };
  },
};

/** @returns what was wrong with it. */
async function attempt(
  stack: TemporaryStack,
  { program, variable, needsOwner = false, ...start }: Start,
  { control }: { control: boolean },
): Promise<string[]> {
  const { script, runs, part } = PROGRAMS[program];
  const settings = needsOwner ? { [variable]: stack.databaseUrl } : start.settings;
  const parts = replacing(control ? [part] : []);
  const environment = { PORT: '0', LOG_LEVEL: 'info', ...parts, ...settings };
  const started = await stack.start({ name: program, script, environment });
  const isOver = async () =>
    started.exit() !== null || started.tail().includes(runs) ? true : null;
  await within(STARTS_WITHIN_MS, isOver, LOOK_MS);
  const exit = started.exit();
  const said = started.tail();
  if (exit === null) {
    started.kill();
    await started.exited;
    return [said.includes(runs) ? 'it runs' : 'it neither runs nor ends'];
  }
  const value = settings[variable] ?? '';
  const isSecret = /SECRET_KEYS?$|DATABASE_URL/.test(variable) && value !== '';
  return [
    ...(exit.code === 0 ? ['it ended as if all were well'] : []),
    ...(said.includes(variable) ? [] : [`it does not name ${variable}`]),
    ...(isSecret && said.includes(value) ? ['it repeats the secret'] : []),
  ];
}
