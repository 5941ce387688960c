const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
const PARENT_CHECK_MS = 1_000;

/** Asked to end: by a signal, or because the npm that started us is gone. */
export interface Interruption {
  /** Resolves with what ended it, for the message to the user. */
  readonly asked: Promise<string>;
  /** Stops listening. */
  dispose(): void;
}

/**
 * Listens for the first SIGINT, SIGTERM or SIGHUP; a second one ends the process at once (its
 * children end with it). Under `npm run`, losing the parent counts too: nobody could stop us then.
 */
export function listenForInterruption(): Interruption {
  const parent = process.ppid;
  let interrupted = false;
  let resolveAsked: (reason: string) => void = () => {};
  const asked = new Promise<string>((resolve) => {
    resolveAsked = resolve;
  });
  function onSignal(signal: NodeJS.Signals): void {
    if (interrupted) process.exit(130);
    interrupted = true;
    resolveAsked(signal);
  }
  const parentCheck = setInterval(() => {
    if (process.ppid !== parent) resolveAsked('npm is gone');
  }, PARENT_CHECK_MS);
  if (!process.env['npm_lifecycle_event']) clearInterval(parentCheck);
  parentCheck.unref();
  for (const signal of SIGNALS) process.on(signal, onSignal);
  return {
    asked,
    dispose() {
      clearInterval(parentCheck);
      for (const signal of SIGNALS) process.off(signal, onSignal);
    },
  };
}
