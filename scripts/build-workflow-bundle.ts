/**
 * Builds the bundle of all workflows that the worker loads, unless one of the same sources exists.
 * `node scripts/build-workflow-bundle.ts [file]`: prints the file; without one it goes to the cache.
 */
import { createHash } from 'node:crypto';
import {
  copyFileSync,
  existsSync,
  globSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { FAILURE_CONVERTER_PATH } from '../src/engine/data-converter.ts';

const root = dirname(import.meta.dirname);
const cacheDirectory = join(root, '.baton', 'cache');
const KEEP_DAYS = 14;

/** What the workflows use of the domain, with all that these import: xstate, the hashes. */
const SHARED_MODULES = [
  'channel/half-published.ts',
  'item/command-answer.ts',
  'item/deadlines.ts',
  'item/event.ts',
  'item/run.ts',
  'item/slots.ts',
];

/** Where the installed package has its bundle, from its root; it has no sources to build one of. */
export const SHIPPED_BUNDLE = 'workflow-bundle.js';

/** What a bundle begins with: the file of its workflows, and modules that intercept them. */
interface Entry {
  workflowsPath: string;
  interceptors?: readonly string[];
}

const OWN_ENTRY: Entry = {
  workflowsPath: join(root, 'src', 'workflows', 'index.ts'),
  interceptors: [join(root, 'src', 'workflows', 'tracing.ts')],
};

/** The shipped bundle, or the cached one of the present sources; null when it has to be built. */
export function findWorkflowBundle(entry = OWN_ENTRY): string | null {
  const shipped = join(root, SHIPPED_BUNDLE);
  if (entry === OWN_ENTRY && existsSync(shipped)) return shipped;
  const path = bundlePath(hashOfInputs(entry));
  if (!existsSync(path)) return null;
  const now = new Date();
  utimesSync(path, now, now);
  return path;
}

function bundlePath(hash: string): string {
  return join(cacheDirectory, `workflow-bundle-${hash}.js`);
}

function isOwn({ workflowsPath }: Entry): boolean {
  return workflowsPath === OWN_ENTRY.workflowsPath;
}

/**
 * Everything a bundle depends on: its entry with what stands beside it, our workflow and domain code, the
 * locked packages, this file.
 */
function hashOfInputs(entry: Entry): string {
  const { workflowsPath, interceptors = [] } = entry;
  const beside = isOwn(entry)
    ? []
    : globSync([`${dirname(workflowsPath)}/**/*.ts`, join(root, 'test', 'machine', '*.ts')]);
  const entries = [workflowsPath, ...interceptors, ...beside.toSorted()].map((file) =>
    relative(root, file),
  );
  const files = globSync(
    ['src/workflows/**/*.ts', 'src/domain/**/*.ts', 'src/engine/failure-converter.ts'],
    { cwd: root },
  )
    .filter((file) => !file.endsWith('.test.ts'))
    .toSorted();
  const hash = createHash('sha256');
  const fixed = ['package-lock.json', 'scripts/build-workflow-bundle.ts'];
  for (const file of [...entries, ...files, ...fixed]) {
    const content = readFileSync(join(root, file));
    hash.update(`${file}\0${content.length}\0`).update(content);
  }
  return hash.digest('hex').slice(0, 16);
}

/**
 * Builds the bundle if it is not in the cache, and returns its path.
 *
 * @throws Error when the sources do not bundle.
 */
export async function buildWorkflowBundle(entry = OWN_ENTRY): Promise<string> {
  const cached = findWorkflowBundle(entry);
  if (cached) return cached;
  const { bundleWorkflowCode, DefaultLogger } = await import('@temporalio/worker');
  for (;;) {
    const hash = hashOfInputs(entry);
    const { code } = await bundleWorkflowCode({
      workflowsPath: entry.workflowsPath,
      workflowInterceptorModules: [...(entry.interceptors ?? [])],
      // Pure and without state, so that all runs of a worker share one copy: each cached run then takes
      // about a third of the memory, and starting one evaluates only src/workflows.
      // What a test's workflows change of them is their own, and the shared copy is frozen.
      preloadModules: isOwn(entry)
        ? SHARED_MODULES.map((file) => join(root, 'src', 'domain', file))
        : [],
      failureConverterPath: FAILURE_CONVERTER_PATH,
      logger: new DefaultLogger('WARN'),
    });
    // Somebody saved a source meanwhile: what was built has no name that says what is in it.
    if (hashOfInputs(entry) !== hash) continue;
    const path = bundlePath(hash);
    mkdirSync(cacheDirectory, { recursive: true });
    const writing = `${path}.${process.pid}`;
    writeFileSync(writing, code);
    renameSync(writing, path);
    removeOldBundles();
    return path;
  }
}

function removeOldBundles(): void {
  const oldest = Date.now() - KEEP_DAYS * 86_400_000;
  for (const name of readdirSync(cacheDirectory)) {
    const file = join(cacheDirectory, name);
    if (name.startsWith('workflow-bundle-') && statSync(file).mtimeMs < oldest) {
      rmSync(file, { force: true });
    }
  }
}

if (import.meta.main) {
  const built = await buildWorkflowBundle();
  const [target] = process.argv.slice(2);
  if (target) {
    mkdirSync(dirname(target), { recursive: true });
    copyFileSync(built, target);
  }
  console.log(target ?? built);
}
