import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';

const MODULE = 'zgo.at/goatcounter/v2';
const VERSION = 'v2.7.0';
/** Of the module, as go.sum has it. Its own go.sum has those of what it needs. */
const SUM = 'h1:qdqa4qYcvDFL8eU8F9xbXlmc+c0PVv4bmVXgnSuPY9Q=';
const CACHE = join(import.meta.dirname, '..', '..', '..', '.baton', 'test-goatcounter');
const BUILD_TIMEOUT_MS = 15 * 60_000;

const Downloaded = z.object({ Dir: z.string(), Sum: z.string() });

/**
 * Builds GoatCounter from its source, once; needs Go and a C compiler. Modules and build cache stay below
 * `.baton` until it is built.
 * @returns its program.
 */
export function installGoatCounter(): string {
  const directory = join(CACHE, VERSION);
  const program = join(directory, 'goatcounter');
  if (existsSync(program)) return program;
  console.log(`Building GoatCounter ${VERSION} into ${directory} (once) …`);
  // Whatever an interrupted build left.
  rmSync(directory, { recursive: true, force: true });
  const work = join(directory, 'work');
  mkdirSync(work, { recursive: true });
  const { Dir, Sum } = Downloaded.parse(
    JSON.parse(runGo(['mod', 'download', '-json', `${MODULE}@${VERSION}`], work, work)),
  );
  if (Sum !== SUM) throw new Error(`${MODULE} ${VERSION} is another one: ${Sum}, not ${SUM}`);
  const source = join(work, 'source');
  cpSync(Dir, source, { recursive: true });
  const built = join(work, 'goatcounter');
  runGo(['build', '-o', built, './cmd/goatcounter'], source, work);
  renameSync(built, program);
  rmSync(work, { recursive: true, force: true });
  return program;
}

function runGo(args: string[], directory: string, work: string): string {
  const { status, stdout, stderr, error } = spawnSync('go', args, {
    cwd: directory,
    env: {
      ...process.env,
      GOPATH: join(work, 'path'),
      GOCACHE: join(work, 'cache'),
      GOFLAGS: '-modcacherw -buildvcs=false',
      // Compared with `SUM` instead: the checksum database does not know every module.
      GONOSUMDB: MODULE,
    },
    encoding: 'utf8',
    timeout: BUILD_TIMEOUT_MS,
  });
  if (status === 0) return stdout;
  const isMissing = error !== undefined && 'code' in error && error.code === 'ENOENT';
  if (isMissing) throw new Error('building GoatCounter needs Go 1.25 or later (Debian: golang-go)');
  const said = `${stdout}\n${stderr}`.trim().split('\n').slice(-40).join('\n');
  throw new Error(`go ${args.join(' ')} failed (${error?.message ?? status}):\n${said}`);
}
