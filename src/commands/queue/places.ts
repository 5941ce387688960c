/** Deliveries that are under way at the same time and do something: more would crowd out people's requests. */
const AT_WORK = 8;
/** A run that answers does so sooner. Whoever waits longer makes room for the next one. */
const PATIENCE_MS = 100;
/** Deliveries in all: beyond those at work they only wait. */
const IN_ALL = 64;
/** Of them for runs that have been silent; the others are kept free for runs that answer. */
const FOR_SILENT = 32;

/** Places for deliveries: who waits for a run that does not answer keeps nobody from his. */
export class Places {
  #atWork = 0;
  #inAll = 0;
  #silent = 0;
  #changed = Promise.withResolvers<void>();

  /** How many deliveries may begin now. */
  get free(): { lively: number; silent: number } {
    const lively = Math.max(0, Math.min(AT_WORK - this.#atWork, IN_ALL - this.#inAll));
    return { lively, silent: Math.max(0, Math.min(lively, FOR_SILENT - this.#silent)) };
  }

  /** Resolves when somebody made room. */
  get change(): Promise<void> {
    return this.#changed.promise;
  }

  /** Does work in a place. */
  async occupy(work: () => Promise<void>, { isSilent }: { isSilent: boolean }): Promise<void> {
    let isAtWork = true;
    const stepAside = () => {
      if (isAtWork) this.#atWork -= 1;
      isAtWork = false;
      this.#tell();
    };
    this.#atWork += 1;
    this.#inAll += 1;
    this.#silent += isSilent ? 1 : 0;
    const timer = setTimeout(stepAside, PATIENCE_MS);
    try {
      await work();
    } finally {
      clearTimeout(timer);
      this.#inAll -= 1;
      this.#silent -= isSilent ? 1 : 0;
      stepAside();
    }
  }

  #tell(): void {
    this.#changed.resolve();
    this.#changed = Promise.withResolvers<void>();
  }
}
