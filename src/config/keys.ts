import type { CommonVariables, SecretKey } from './variables.ts';

/** Keys for what the engine stores. */
export interface PayloadKeys {
  /** Encrypts; null: it is stored as plain JSON. */
  current: SecretKey | null;
  /** Every key that may decrypt. */
  all: readonly SecretKey[];
}

/** Keys for what the database stores. */
export interface SecretKeys {
  /** Encrypts. */
  current: SecretKey;
  /** Every key that may decrypt, the current one first. */
  all: readonly SecretKey[];
}

export function payloadKeysOf({
  BATON_PAYLOAD_KEY: current,
  BATON_PREVIOUS_PAYLOAD_KEYS: previous,
}: Pick<CommonVariables, 'BATON_PAYLOAD_KEY' | 'BATON_PREVIOUS_PAYLOAD_KEYS'>): PayloadKeys {
  return { current, all: current === null ? previous : [current, ...previous] };
}

export function secretKeysOf({
  BATON_SECRET_KEY: current,
  BATON_PREVIOUS_SECRET_KEYS: previous,
}: Pick<CommonVariables, 'BATON_SECRET_KEY' | 'BATON_PREVIOUS_SECRET_KEYS'>): SecretKeys {
  return { current, all: [current, ...previous] };
}
