import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';

/** A key of 32 bytes and the id that is stored beside what it encrypts. */
export interface BoxKey {
  id: string;
  bytes: Buffer;
}

/** Encrypts secrets at rest. What is sealed for one purpose cannot be opened for another. */
export interface SecretBox {
  /** @param purpose what the secret is and whose, e.g. `webhook:whe_…`. */
  seal(secret: string, purpose: string): string;
  /** @throws SecretUnreadable when it was sealed with another key, for another purpose, or altered. */
  open(sealed: string, purpose: string): string;
}

/** A sealed secret cannot be opened. The message names the key that is missing, never the secret. */
export class SecretUnreadable extends Error {
  constructor(reason: string, options?: ErrorOptions) {
    super(reason, options);
    this.name = 'SecretUnreadable';
  }
}

const VERSION = 'v1';
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/**
 * A box with AES-256-GCM. Sealed form: `v1.<key id>.<base64url of nonce, ciphertext and tag>`.
 * @param keys `current` seals; every key of `all` opens, so that keys can be rotated.
 */
export function createSecretBox(keys: { current: BoxKey; all: readonly BoxKey[] }): SecretBox {
  const byId = new Map([keys.current, ...keys.all].map((key) => [key.id, key.bytes]));
  return {
    seal(secret, purpose) {
      const sealed = encrypt(Buffer.from(secret, 'utf8'), keys.current.bytes, purpose);
      return `${VERSION}.${keys.current.id}.${sealed.toString('base64url')}`;
    },
    open(sealed, purpose) {
      const [version, keyId, body, ...rest] = sealed.split('.');
      if (version !== VERSION || keyId === undefined || body === undefined || rest.length > 0) {
        throw new SecretUnreadable('is not in the form of a sealed secret');
      }
      const key = byId.get(keyId);
      if (key === undefined) throw new SecretUnreadable(`was sealed with the unknown key ${keyId}`);
      return decrypt(Buffer.from(body, 'base64url'), key, purpose).toString('utf8');
    },
  };
}

/** Id of the key that a secret was sealed with; null when it is not in the form of a sealed secret. */
export function keyIdOf(sealed: string): string | null {
  const [version, keyId, body] = sealed.split('.');
  return version === VERSION && keyId !== undefined && body !== undefined ? keyId : null;
}

/** Nonce, ciphertext and tag in one buffer, bound to `purpose`. */
export function encrypt(plain: Buffer, key: Buffer, purpose: string): Buffer {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv('aes-256-gcm', key, nonce);
  cipher.setAAD(Buffer.from(purpose, 'utf8'));
  return Buffer.concat([nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
}

/** @throws SecretUnreadable */
export function decrypt(sealed: Buffer, key: Buffer, purpose: string): Buffer {
  if (sealed.length < NONCE_BYTES + TAG_BYTES) throw new SecretUnreadable('is too short');
  const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(0, NONCE_BYTES), {
    authTagLength: TAG_BYTES,
  });
  decipher.setAAD(Buffer.from(purpose, 'utf8'));
  decipher.setAuthTag(sealed.subarray(sealed.length - TAG_BYTES));
  try {
    const body = sealed.subarray(NONCE_BYTES, sealed.length - TAG_BYTES);
    return Buffer.concat([decipher.update(body), decipher.final()]);
  } catch (error) {
    throw new SecretUnreadable('was altered, or sealed for another purpose', { cause: error });
  }
}
