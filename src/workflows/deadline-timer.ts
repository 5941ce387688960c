import { CancellationScope, isCancellation, sleep } from '@temporalio/workflow';

/** The one pending timer of a run. A deadline that only moves later leaves it as it is. */
export class DeadlineTimer {
  #armed: { at: number; scope: CancellationScope } | null = null;
  readonly #onTime: () => void;
  /** Whoever arms the timer may be cancelled; the timer is not. */
  readonly #shelter = new CancellationScope({ cancellable: false });

  /** @param onTime called when the armed instant has come; it looks by itself at what is due. */
  constructor(onTime: () => void) {
    this.#onTime = onTime;
  }

  /**
   * @param at epoch milliseconds by the run's clock.
   * @param summary what comes then, for the engine's UI.
   */
  arm(at: number, summary: string): void {
    if (this.#armed !== null && this.#armed.at <= at) return;
    this.disarm();
    const scope = new CancellationScope({ cancellable: true, parent: this.#shelter });
    const armed = { at, scope };
    this.#armed = armed;
    void scope
      .run(() => sleep(Math.max(0, at - Date.now()), { summary }))
      .then(() => {
        if (this.#armed === armed) this.#armed = null;
        this.#onTime();
      })
      .catch((error: unknown) => {
        if (!isCancellation(error)) throw error;
      });
  }

  disarm(): void {
    this.#armed?.scope.cancel();
    this.#armed = null;
  }
}
