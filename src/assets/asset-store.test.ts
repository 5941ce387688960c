import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { AssetError, type AssetStore, openAssetStore } from './asset-store.ts';

const PNG = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
);
const MP4 = Buffer.concat([
  Buffer.from([0, 0, 0, 0x18]),
  Buffer.from('ftypisom\0\0\0\0isommp41'),
  Buffer.alloc(64),
]);
const WAV = Buffer.concat([Buffer.from('RIFF\x24\0\0\0WAVEfmt '), Buffer.alloc(64)]);
const PDF = Buffer.from('%PDF-1.7\n%\u00e2\u00e3\n1 0 obj\n<<>>\nendobj\n', 'latin1');

let directory: string;
let store: AssetStore;

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'assets '));
  store = await openAssetStore({ directory, now: Date.now() });
});
afterEach(() => rmSync(directory, { recursive: true }));

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

async function* chunks(...parts: (Uint8Array | string)[]): AsyncGenerator<Uint8Array> {
  for (const part of parts) yield typeof part === 'string' ? Buffer.from(part) : part;
}

/** Every file under the store, uploads included. */
function files(): string[] {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => entry.name);
}

async function codeOf(promise: Promise<unknown>): Promise<string> {
  const error = await promise.then(
    () => null,
    (thrown: unknown) => thrown,
  );
  return error instanceof AssetError ? error.code : `no AssetError: ${error}`;
}

describe('a file', () => {
  it('is stored under its hash and read back', async () => {
    const asset = await store.putAsset(chunks(PNG.subarray(0, 10), PNG.subarray(10)), {
      kind: 'visual',
    });
    expect(asset).toEqual({
      hash: sha256(PNG),
      kind: 'visual',
      mediaType: 'image/png',
      size: PNG.length,
    });
    const { size, stream } = await store.openAsset(asset.hash);
    expect(size).toBe(PNG.length);
    expect(await buffer(stream)).toEqual(PNG);
    expect(files()).toEqual([asset.hash]);
  });

  it('comes from a Node stream or a web stream alike', async () => {
    const node = await store.putAsset(Readable.from([PNG]), { kind: 'visual' });
    const web = await store.putAsset(new Blob([PNG]).stream(), { kind: 'visual' });
    expect(web).toEqual(node);
  });

  it.each([
    ['written', '# Titre\n\nDu *Markdown*, « avec » des accents.', 'text/plain'],
    ['written', 'BMW opens like a bitmap', 'text/plain'],
    ['written', '<script>alert(1)</script>', 'text/plain'],
    ['written', PDF, 'application/pdf'],
    ['visual', PNG, 'image/png'],
    ['video', MP4, 'video/mp4'],
    ['audio', WAV, 'audio/wav'],
  ] as const)('has the type its bytes show: %s (%#)', async (kind, bytes, mediaType) => {
    const asset = await store.putAsset(chunks(bytes), { kind });
    expect(asset.mediaType).toBe(mediaType);
  });

  it.each([
    ['video', 'heheftypmp42 is how a film opens'],
    ['video', `heheftypisom ${'a film in words '.repeat(6_000)}é`],
    ['visual', 'GIF89a is a picture, says this text'],
    ['audio', 'ID3 and then nothing that sounds'],
    ['video', 'plain words'],
  ] as const)('that is a text is no %s: %j', async (kind, text) => {
    expect(await codeOf(store.putAsset(chunks(text), { kind }))).toBe('asset_type_refused');
    expect((await store.putAsset(chunks(text), { kind: 'written' })).mediaType).toBe('text/plain');
  });

  it('whatever its bytes and their cutting, its hash is theirs', async () => {
    const parts = fc.array(
      fc.string({ minLength: 1, unit: fc.constantFrom('a', 'é', '🥖', '\n') }),
      {
        minLength: 1,
      },
    );
    await fc.assert(
      fc.asyncProperty(parts, fc.nat(), async (text, cut) => {
        const bytes = Buffer.from(text.join(''));
        const at = cut % bytes.length;
        const { hash, mediaType } = await store.putAsset(
          chunks(bytes.subarray(0, at), bytes.subarray(at)),
          { kind: 'written' },
        );
        expect([hash, mediaType]).toEqual([sha256(bytes), 'text/plain']);
      }),
      { numRuns: 30 },
    );
  });

  it('that is put twice at once is there once, whole', async () => {
    const slow = async function* () {
      for (const byte of PNG) {
        yield Buffer.from([byte]);
        await new Promise(setImmediate);
      }
    };
    const both = await Promise.all([
      store.putAsset(slow(), { kind: 'visual' }),
      store.putAsset(chunks(PNG), { kind: 'visual' }),
    ]);
    expect(both[0]).toEqual(both[1]);
    expect(files()).toEqual([sha256(PNG)]);
    expect(await buffer((await store.openAsset(sha256(PNG))).stream)).toEqual(PNG);
  });
});

describe('a refused file leaves nothing behind', () => {
  it.each([
    ['visual', Buffer.from('just words'), 'asset_type_refused'],
    [
      'visual',
      Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"><script/></svg>'),
      'asset_type_refused',
    ],
    ['visual', MP4, 'asset_type_refused'],
    ['video', PNG, 'asset_type_refused'],
    ['audio', MP4, 'asset_type_refused'],
    ['written', PNG, 'asset_type_refused'],
    ['written', Buffer.from('a\0b'), 'asset_type_refused'],
    ['written', Buffer.from([0x61, 0xff, 0xfe, 0x62]), 'asset_type_refused'],
    ['written', Buffer.from('é').subarray(0, 1), 'asset_type_refused'],
    ['visual', Buffer.alloc(0), 'asset_empty'],
  ] as const)('%s %#', async (kind, bytes, code) => {
    expect(await codeOf(store.putAsset(chunks(bytes), { kind }))).toBe(code);
    expect(files()).toEqual([]);
  });

  it('over the limit, exactly', async () => {
    const put = (maxBytes: number) =>
      codeOf(store.putAsset(chunks(PNG), { kind: 'visual', maxBytes }));
    expect(await put(PNG.length - 1)).toBe('asset_too_large');
    expect(files()).toEqual([]);
    expect(await put(PNG.length)).toBe('no AssetError: null');
  });

  it('over its kind’s own limit, whatever the caller allows, without being read to its end', async () => {
    let sent = 0;
    const endless = async function* () {
      for (;;) {
        sent += 1_000_000;
        yield Buffer.alloc(1_000_000, 'a');
      }
    };
    const put = store.putAsset(endless(), { kind: 'written', maxBytes: 10 ** 12 });
    expect(await codeOf(put)).toBe('asset_too_large');
    expect(sent).toBe(21_000_000);
    expect(files()).toEqual([]);
  });

  it('of a wrong type is refused before it has come in whole', async () => {
    let sent = 0;
    const endless = async function* () {
      for (;;) {
        sent += 1;
        yield Buffer.alloc(32_768, 'a');
      }
    };
    expect(await codeOf(store.putAsset(endless(), { kind: 'video' }))).toBe('asset_type_refused');
    expect(sent).toBe(2);
  });

  it('whose sender breaks off', async () => {
    const broken = async function* () {
      yield PNG.subarray(0, 20);
      throw Object.assign(new Error('aborted'), { code: 'ECONNRESET' });
    };
    expect(await codeOf(store.putAsset(broken(), { kind: 'visual' }))).toBe('asset_upload_aborted');
    expect(files()).toEqual([]);
  });

  it('whose caller gives up, before or while the sender is silent', async () => {
    const abort = new AbortController();
    let released = false;
    const silent = new ReadableStream<Uint8Array>({
      start(controller) {
        controller.enqueue(PNG.subarray(0, 20));
        setImmediate(() => abort.abort());
      },
      cancel() {
        released = true;
      },
    });
    const options = { kind: 'visual', signal: abort.signal } as const;
    expect(await codeOf(store.putAsset(silent, options))).toBe('asset_upload_aborted');
    expect(await codeOf(store.putAsset(chunks(PNG), options))).toBe('asset_upload_aborted');
    expect(files()).toEqual([]);
    expect(released).toBe(true);
  });
});

it('a hash that is none cannot leave the store; an unknown one is said to be', async () => {
  for (const hash of ['../../etc/passwd', 'A'.repeat(64), 'a'.repeat(63), '', 'tmp']) {
    expect(await codeOf(store.openAsset(hash))).toBe('asset_hash_invalid');
  }
  expect(await codeOf(store.openAsset('a'.repeat(64)))).toBe('asset_unknown');
});

it('uploads that a crash left are removed after a day, younger ones are not', async () => {
  const old = join(directory, 'tmp', 'old');
  const young = join(directory, 'tmp', 'young');
  writeFileSync(old, 'x');
  writeFileSync(young, 'x');
  const dayBefore = new Date(Date.now() - 25 * 3_600_000);
  utimesSync(old, dayBefore, dayBefore);
  await openAssetStore({ directory, now: Date.now() });
  expect(files()).toEqual(['young']);
  expect(readFileSync(young, 'utf8')).toBe('x');
});
