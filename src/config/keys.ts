import type { CommonVariables, SecretKey } from './variables.ts';

/** What the engine stores is read with these. */
export function payloadKeysOf({
  BATON_PAYLOAD_KEY: current,
  BATON_PREVIOUS_PAYLOAD_KEYS: previous,
}: Pick<CommonVariables, 'BATON_PAYLOAD_KEY' | 'BATON_PREVIOUS_PAYLOAD_KEYS'>): {
  current: SecretKey | null;
  all: readonly SecretKey[];
} {
  return { current, all: current === null ? previous : [current, ...previous] };
}

/** Secrets of the database are opened with these. */
export function secretKeysOf({
  BATON_SECRET_KEY: current,
  BATON_PREVIOUS_SECRET_KEYS: previous,
}: Pick<CommonVariables, 'BATON_SECRET_KEY' | 'BATON_PREVIOUS_SECRET_KEYS'>): {
  current: SecretKey;
  all: readonly SecretKey[];
} {
  return { current, all: [current, ...previous] };
}
