import { ApiError } from './errors.ts';

export interface BodyLimits {
  /** Bytes at most, whatever the request declares. */
  maxBytes: number;
  /** Milliseconds until the last byte. */
  timeoutMs: number;
}

/**
 * Reads a whole body once, counting its bytes: a declared length that is too large is refused before
 * the first byte is read, any other as soon as it is exceeded.
 * @throws ApiError `payload_too_large`; `request_timeout`, also for a body that breaks off.
 */
export async function readBody(request: Request, limits: BodyLimits): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of bodyChunks(request, limits)) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** The chunks of a body, under the same limits. */
export async function* bodyChunks(
  request: Request,
  { maxBytes, timeoutMs }: BodyLimits,
): AsyncGenerator<Uint8Array> {
  const declared = Number(request.headers.get('content-length') ?? 0);
  if (declared > maxBytes) throw tooLarge(maxBytes);
  if (request.body === null) return;
  const reader = request.body.getReader();
  const timer = new Deadline(timeoutMs);
  try {
    let size = 0;
    for (;;) {
      const { done, value } = await timer.race(reader.read().catch(breakOff));
      if (done) return;
      size += value.byteLength;
      if (size > maxBytes) throw tooLarge(maxBytes);
      yield value;
    }
  } finally {
    timer.clear();
    // Whoever stopped early has its answer; the rest of the body is of no interest.
    reader.cancel().catch(() => {});
  }
}

/** Whoever sent it has left, mostly: it is no failure of ours. */
function breakOff(cause: unknown): never {
  throw new ApiError('request_timeout', { detail: 'the body broke off before its end' }, { cause });
}

function tooLarge(maxBytes: number): ApiError {
  return new ApiError('payload_too_large', {
    detail: `the body may have ${maxBytes} bytes at most`,
  });
}

class Deadline {
  readonly #passed: Promise<never>;
  readonly #timer: NodeJS.Timeout;

  constructor(ms: number) {
    const { promise, reject } = Promise.withResolvers<never>();
    this.#passed = promise;
    this.#passed.catch(() => {});
    this.#timer = setTimeout(
      () =>
        reject(new ApiError('request_timeout', { detail: `the body took longer than ${ms} ms` })),
      ms,
    );
  }

  race<T>(work: Promise<T>): Promise<T> {
    return Promise.race([work, this.#passed]);
  }

  clear(): void {
    clearTimeout(this.#timer);
  }
}
