/** Milliseconds that a send is held to; tests shorten them. */
export interface SendTiming {
  /** How long a sender may hold the right to send. */
  leaseMs: number;
  /** The request is aborted so long before its lease ends. */
  leaseMarginMs: number;
  /** A request whose sender is gone may still be under way for so long after its lease. */
  settleMs: number;
  /** A look-up waits for a running lease in steps of this. */
  leasePollMs: number;
  /** A channel's listing may lag: nothing is taken as absent before a second look after this. */
  quietMs: number;
  /** A key that holds for a time is not used in its last part, beside the length of a lease. */
  keyMarginMs: number;
}

export const SEND_TIMING: SendTiming = {
  leaseMs: 20_000,
  leaseMarginMs: 2_000,
  settleMs: 1_000,
  leasePollMs: 4_000,
  quietMs: 30_000,
  keyMarginMs: 60_000,
};
