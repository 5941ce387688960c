import type { SealedSecret } from '../schema/webhook-endpoints.ts';

/** How long the secret before the newest stays valid after a rotation. */
const ROTATION_OVERLAP_MS = 24 * 3_600_000;

/** Of what signs or is signed for from now on. */
export function firstSecret(sealed: string): SealedSecret[] {
  return [newest(sealed, new Date())];
}

/** A new secret first; the one before it ends in a day, older ones are gone. */
export function withNewSecret(secrets: readonly SealedSecret[], sealed: string): SealedSecret[] {
  const now = new Date();
  const expiresAt = new Date(now.getTime() + ROTATION_OVERLAP_MS).toISOString();
  const previous = secrets.slice(0, 1).map((secret) => ({ ...secret, expiresAt }));
  return [newest(sealed, now), ...previous];
}

function newest(sealed: string, now: Date): SealedSecret {
  return { sealed, createdAt: now.toISOString(), expiresAt: null };
}
