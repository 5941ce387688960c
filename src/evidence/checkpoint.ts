import { createPrivateKey, createPublicKey, type KeyObject, sign, verify } from 'node:crypto';
import { z } from 'zod';
import { canonicalJson } from '../domain/canonical.ts';
import { sha256Of } from './pack-file.ts';

const CHECKPOINT_FORMAT = 'baton-checkpoint';
const sha256 = z.string().regex(/^[0-9a-f]{64}$/);

/** What is signed. */
const Statement = z.strictObject({
  format: z.literal(CHECKPOINT_FORMAT),
  version: z.literal(1),
  workspaceId: z.string().min(1).max(64),
  seq: z.int().min(1),
  at: z.string().max(40),
  keyId: z.string().regex(/^[0-9a-f]{16}$/),
  headCount: z.int().min(1),
  /** SHA-256 of the heads: a line `stream seq hash` each, sorted by stream. */
  headsHash: sha256,
  /** Hash of the checkpoint before; 64 zeros at the first. */
  prevHash: sha256,
});
type Statement = z.infer<typeof Statement>;

/** A checkpoint as others hold it: as the file, the event and the API tell it. */
export const Checkpoint = Statement.extend({
  /** SHA-256 of the RFC 8785 JSON of what is signed: every field but those below. */
  hash: sha256,
  /** Ed25519 over the same text, in base64. */
  signature: z.string().max(200),
  publicKey: z.string().max(1_000),
});
export type Checkpoint = z.infer<typeof Checkpoint>;

/** The same with the heads themselves. */
export const CheckpointFile = Checkpoint.extend({ heads: z.string() });
export type CheckpointFile = z.infer<typeof CheckpointFile>;

/** What checkpoints are signed with. */
export interface SigningKey {
  id: string;
  privateKey: KeyObject;
  /** PEM. */
  publicKey: string;
}

/** @throws Error when it is no Ed25519 key in PEM. */
export function readSigningKey(pem: string): SigningKey {
  const privateKey = createPrivateKey(pem);
  if (privateKey.asymmetricKeyType !== 'ed25519') throw new Error('is no Ed25519 key');
  const key = createPublicKey(privateKey);
  return {
    id: keyIdOf(key),
    privateKey,
    publicKey: key.export({ type: 'spki', format: 'pem' }).toString(),
  };
}

/** @throws Error when it is no Ed25519 key in PEM. */
export function readPublicKey(pem: string): { id: string; key: KeyObject } {
  const key = createPublicKey(pem);
  if (key.asymmetricKeyType !== 'ed25519') throw new Error('is no Ed25519 key');
  return { id: keyIdOf(key), key };
}

function keyIdOf(key: KeyObject): string {
  return sha256Of(key.export({ type: 'spki', format: 'der' })).slice(0, 16);
}

export function signCheckpoint(
  content: Omit<Statement, 'format' | 'version' | 'keyId'>,
  { id, privateKey, publicKey }: SigningKey,
): Checkpoint {
  const statement: Statement = { format: CHECKPOINT_FORMAT, version: 1, ...content, keyId: id };
  const text = canonicalJson(statement);
  const signature = sign(null, Buffer.from(text), privateKey).toString('base64');
  return { ...statement, hash: sha256Of(text), signature, publicKey };
}

/** Why a checkpoint is not what this key signed; null when it is. */
export function checkpointFault(checkpoint: Checkpoint, key: KeyObject): string | null {
  const text = canonicalJson(Statement.strip().parse(checkpoint));
  if (sha256Of(text) !== checkpoint.hash) return 'its hash is not that of its content';
  const signature = Buffer.from(checkpoint.signature, 'base64');
  return verify(null, Buffer.from(text), key, signature) ? null : 'its signature is not valid';
}

/** A line of the heads. Ids and hashes have no blanks. */
export function headLine({
  stream,
  seq,
  hash,
}: {
  stream: string;
  seq: number;
  hash: string;
}): string {
  return `${stream} ${seq} ${hash}\n`;
}
