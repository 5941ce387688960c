/** Work by key that runs once at a time. */
export interface Flights<T> {
  /**
   * Whoever asks while it runs gets the run after it, with all others who asked meanwhile: an answer
   * is never older than its question.
   */
  get(key: string, compute: () => Promise<T>): Promise<T>;
}

export function createFlights<T>(): Flights<T> {
  const running = new Map<string, Promise<T>>();
  const waiting = new Map<string, Promise<T>>();
  const begin = (key: string, compute: () => Promise<T>): Promise<T> => {
    const run = compute();
    running.set(key, run);
    const land = () => {
      if (running.get(key) === run) running.delete(key);
    };
    run.then(land, land);
    return run;
  };
  return {
    get(key, compute) {
      const current = running.get(key);
      if (current === undefined) return begin(key, compute);
      const next =
        waiting.get(key) ??
        current
          .catch(() => undefined)
          .then(() => {
            waiting.delete(key);
            return begin(key, compute);
          });
      waiting.set(key, next);
      return next;
    },
  };
}
