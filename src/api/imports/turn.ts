import { ApiError } from '../gates/errors.ts';

/** Imports and previews of one workspace. */
export const IMPORTS_AT_ONCE = 2;
const SIGN_OF_LIFE_MS = 10_000;

/** One of the few turns that a workspace has at once: a row, which says again and again that it is alive. */
export class Turn {
  readonly #row: { begin: () => Promise<boolean>; note: () => Promise<void> };
  #signs: NodeJS.Timeout | null = null;

  /** @param row `begin` gives false where the workspace has no turn left. */
  constructor(row: { begin: () => Promise<boolean>; note: () => Promise<void> }) {
    this.#row = row;
  }

  get isTaken(): boolean {
    return this.#signs !== null;
  }

  /** @throws ApiError `rate_limited` */
  async take(): Promise<void> {
    if (!(await this.#row.begin())) {
      throw new ApiError('rate_limited', {
        detail: `a workspace imports ${IMPORTS_AT_ONCE} files at once, previews among them: repeat when one is done`,
        headers: { 'Retry-After': '10' },
      });
    }
    // One that misses a sign gives the next one.
    this.#signs = setInterval(() => this.#row.note().catch(() => {}), SIGN_OF_LIFE_MS);
  }

  /** No sign follows: whoever took it ends its row. */
  stop(): void {
    if (this.#signs !== null) clearInterval(this.#signs);
  }
}
