import type { Payload, PayloadCodec } from '@temporalio/common';
import { type BoxKey, decrypt, encrypt, SecretUnreadable } from '../credentials/secret-box.ts';

/** `current` encrypts; every key of `all` decrypts, so that keys can be rotated, or no longer used. */
export interface PayloadKeys {
  /** Null: what is new is stored as plain JSON. */
  current: BoxKey | null;
  all: readonly BoxKey[];
}

/** A payload cannot be read: its message says which key is missing, never what is in it. */
export class PayloadUnreadable extends Error {
  override readonly name = 'PayloadUnreadable';
}

const ENCODING = 'binary/encrypted';
const KEY_ID = 'encryption-key-id';
/** Says what was encrypted: no other ciphertext of this program opens as a payload. */
const PURPOSE = 'baton:payload';
const LENGTH_BYTES = 4;

/**
 * Encrypts all that the engine stores of a run with AES-256-GCM: inputs, results, failures. The id of
 * the key stands beside it. What was stored before there was a key is read as it is.
 */
export function createPayloadCodec({ current, all }: PayloadKeys): PayloadCodec {
  const byId = new Map(all.map((key) => [key.id, key]));
  return {
    encode: async (payloads) =>
      current === null ? payloads : payloads.map((payload) => seal(payload, current)),
    decode: async (payloads) => payloads.map((payload) => open(payload, byId)),
  };
}

function seal(payload: Payload, key: BoxKey): Payload {
  return {
    metadata: { encoding: bytesOf(ENCODING), [KEY_ID]: bytesOf(key.id) },
    data: encrypt(packed(payload), key.bytes, purposeOf(key)),
  };
}

function open(payload: Payload, byId: ReadonlyMap<string, BoxKey>): Payload {
  if (textOf(payload.metadata?.['encoding']) !== ENCODING) return payload;
  const id = textOf(payload.metadata?.[KEY_ID]);
  const key = byId.get(id);
  if (key === undefined) {
    throw new PayloadUnreadable(`the payload was encrypted with the unknown key ${id}`);
  }
  try {
    return unpacked(decrypt(Buffer.from(payload.data ?? []), key.bytes, purposeOf(key)));
  } catch (error) {
    if (!(error instanceof SecretUnreadable)) throw error;
    throw new PayloadUnreadable(`the payload of the key ${id} ${error.message}`, { cause: error });
  }
}

function purposeOf({ id }: BoxKey): string {
  return `${PURPOSE}:${id}`;
}

/** The length of the metadata, the metadata as JSON, the data. */
function packed({ metadata, data }: Payload): Buffer {
  const entries = Object.entries(metadata ?? {}).map(([name, value]) => [
    name,
    Buffer.from(value).toString('base64'),
  ]);
  const head = Buffer.from(JSON.stringify(Object.fromEntries(entries)));
  const length = Buffer.alloc(LENGTH_BYTES);
  length.writeUInt32BE(head.length);
  // Of a result that is undefined the SDK makes an empty array.
  return Buffer.concat([length, head, Buffer.from(data ?? [])]);
}

/** What `packed` made: GCM has proven that nobody else did. */
function unpacked(bytes: Buffer): Payload {
  const end = LENGTH_BYTES + bytes.readUInt32BE(0);
  const head: Record<string, string> = JSON.parse(bytes.toString('utf8', LENGTH_BYTES, end));
  const metadata = Object.entries(head).map(([name, value]) => [
    name,
    Buffer.from(value, 'base64'),
  ]);
  return { metadata: Object.fromEntries(metadata), data: bytes.subarray(end) };
}

function bytesOf(text: string): Uint8Array {
  return Buffer.from(text, 'utf8');
}

function textOf(bytes: Uint8Array | null | undefined): string {
  return Buffer.from(bytes ?? []).toString('utf8');
}
