/** What became of one attempt to send a message. */
export type SendOutcome =
  | { kind: 'sent' }
  /** Another attempt may succeed, not before `afterMs`. */
  | { kind: 'failed'; error: string; afterMs?: number }
  /** No attempt will. */
  | { kind: 'refused'; error: string };
