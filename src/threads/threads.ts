import { Piscina } from 'piscina';
import { createTurnstile } from './turnstile.ts';

/** A function that runs in a thread as well: an export of its module, with one argument. */
export interface Job<Input, Output> {
  module: string;
  name: string;
  work: (input: Input) => Output;
}

/** @param meta `import.meta` of the module that exports `work` under its own name. */
export function jobOf<Input, Output>(
  { filename }: { filename: string },
  work: (input: Input) => Output,
): Job<Input, Output> {
  return { module: filename, name: work.name, work };
}

/** The work was not done: it took too long or too much memory, or too much of it waits. */
export class WorkRefused extends Error {
  readonly reason: 'busy' | 'too_long' | 'too_large';

  constructor(reason: WorkRefused['reason'], options?: ErrorOptions) {
    super(`work in a thread was given up: ${reason}`, options);
    this.name = 'WorkRefused';
    this.reason = reason;
  }
}

const THREADS = 2;
/** A workspace has one turn at a time, whatever the others do. */
const TURNS_PER_WORKSPACE = 1;
const TURN_WITHIN_MS = 10_000;
const DONE_WITHIN_MS = 10_000;
const MAX_QUEUE = 200;
/**
 * Of a thread's own heap. What grows slowly beyond it is given up; what grows fast may end the whole
 * process all the same, so that every input is bounded before it comes here.
 */
const HEAP_MEBIBYTES = 128;
const YOUNG_MEBIBYTES = 16;
const IDLE_MS = 60_000;

/** The threads of this process: they start when they are needed, and never keep it alive. */
const pool = once(() => {
  const threads = new Piscina({
    minThreads: 0,
    maxThreads: THREADS,
    idleTimeout: IDLE_MS,
    maxQueue: MAX_QUEUE,
    resourceLimits: {
      maxOldGenerationSizeMb: HEAP_MEBIBYTES,
      maxYoungGenerationSizeMb: YOUNG_MEBIBYTES,
    },
    recordTiming: false,
  });
  // A thread that dies after its work was given up: whoever waited has been answered.
  threads.on('error', () => {});
  return threads;
});
const turnstile = createTurnstile(TURNS_PER_WORKSPACE);

/**
 * Computes over what people wrote where nobody else waits for it.
 * @throws WorkRefused, and what the work throws.
 */
export async function runInThread<Input, Output>(
  { module: filename, name }: Job<Input, Output>,
  input: Input,
  { workspaceId, doneWithinMs = DONE_WITHIN_MS }: { workspaceId: string; doneWithinMs?: number },
): Promise<Awaited<Output>> {
  const leave = await turnstile.enter(workspaceId, TURN_WITHIN_MS);
  if (leave === null) throw new WorkRefused('busy');
  const signal = AbortSignal.timeout(doneWithinMs);
  try {
    return await pool().run(input, { filename, name, signal });
  } catch (error) {
    throw refusalOf(error, signal);
  } finally {
    leave();
  }
}

function once<T>(make: () => T): () => T {
  let made: { value: T } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}

function refusalOf(error: unknown, signal: AbortSignal): unknown {
  if (signal.aborted) return new WorkRefused('too_long', { cause: error });
  if (!(error instanceof Error)) return error;
  if ('code' in error && error.code === 'ERR_WORKER_OUT_OF_MEMORY') {
    return new WorkRefused('too_large', { cause: error });
  }
  return QUEUE_FULL.has(error.message) ? new WorkRefused('busy', { cause: error }) : error;
}

const QUEUE_FULL: ReadonlySet<string> = new Set([
  'Task queue is at limit',
  'No task queue available and all Workers are busy',
]);
