import { describe, expect, it } from 'vitest';
import { readBody } from './read-body.ts';

const limits = { maxBytes: 10, timeoutMs: 1_000 };

function requestOf(
  chunks: (Uint8Array | Promise<Uint8Array>)[],
  headers: Record<string, string> = {},
) {
  const body = ReadableStream.from(chunks) as ReadableStream<Uint8Array>;
  return new Request('http://localhost/', { method: 'POST', body, headers, duplex: 'half' });
}

const bytes = (count: number) => new Uint8Array(count).fill(120);

describe('readBody', () => {
  it('reads a body in any number of chunks, up to the cap', async () => {
    expect((await readBody(requestOf([bytes(4), bytes(6)]), limits)).length).toBe(10);
    expect((await readBody(new Request('http://localhost/'), limits)).length).toBe(0);
  });

  it('stops as soon as the cap is passed, whatever was declared', async () => {
    let pulled = 0;
    async function* endless() {
      for (;;) {
        pulled += 1;
        yield bytes(6);
      }
    }
    const request = new Request('http://localhost/', {
      method: 'POST',
      body: ReadableStream.from(endless()) as ReadableStream<Uint8Array>,
      headers: { 'content-length': '3' },
      duplex: 'half',
    });
    await expect(readBody(request, limits)).rejects.toMatchObject({ code: 'payload_too_large' });
    expect(pulled).toBeLessThan(6);
  });

  it('refuses a declared length before it reads', async () => {
    const request = requestOf([bytes(1)], { 'content-length': '11' });
    await expect(readBody(request, limits)).rejects.toMatchObject({ code: 'payload_too_large' });
    expect(request.bodyUsed).toBe(false);
  });

  it('does not wait for ever', async () => {
    const never = new Promise<Uint8Array>(() => {});
    const request = requestOf([bytes(1), never]);
    await expect(readBody(request, { maxBytes: 10, timeoutMs: 20 })).rejects.toMatchObject({
      code: 'request_timeout',
    });
  });

  it('says of a sender that left that the body broke off: nothing of ours failed', async () => {
    async function* broken() {
      yield bytes(1);
      throw new Error('aborted');
    }
    const request = new Request('http://localhost/', {
      method: 'POST',
      body: ReadableStream.from(broken()) as ReadableStream<Uint8Array>,
      duplex: 'half',
    });
    await expect(readBody(request, limits)).rejects.toMatchObject({
      code: 'request_timeout',
      message: expect.stringMatching(/broke off/),
    });
  });
});
