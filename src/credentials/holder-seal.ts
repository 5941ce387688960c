import { createHmac, hkdfSync } from 'node:crypto';
import { decrypt, encrypt } from './secret-box.ts';

/**
 * Seals a stored answer with a key derived from the credential of who asked. The service keeps only
 * a hash of that credential, so nobody but its holder can open the answer again: neither a reader of
 * the database nor the service by itself.
 */
export function sealForHolder(plain: Buffer, holder: string, purpose: string): Buffer {
  return encrypt(plain, holderKey(holder, purpose), purpose);
}

/** @throws SecretUnreadable for another holder or purpose. */
export function openForHolder(sealed: Buffer, holder: string, purpose: string): Buffer {
  return decrypt(sealed, holderKey(holder, purpose), purpose);
}

/**
 * What a text is recognised by when its holder sends it again. Keyed like a seal, because a text may hold a
 * secret that is easy to guess: without the credential nobody can try out what it was.
 */
export function fingerprintForHolder(text: string, holder: string): string {
  return createHmac('sha256', holderKey(holder, 'fingerprint')).update(text, 'utf8').digest('hex');
}

/** The credential has 256 random bits, so a plain key derivation is enough. */
function holderKey(holder: string, purpose: string): Buffer {
  return Buffer.from(hkdfSync('sha256', holder, '', `baton holder seal ${purpose}`, 32));
}
