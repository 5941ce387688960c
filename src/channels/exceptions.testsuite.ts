import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { HttpClient, HttpRequest } from '../http/http-client.ts';
import type { Channel, ChannelAccount, PostContent, PublishRequest } from './channel.ts';

/** A channel's adapter whose every step can be made to throw. */
export interface ExceptionHarness {
  account: ChannelAccount;
  http: HttpClient;
  /** An adapter without any memory, that goes out through this client. */
  channelWith(http: HttpClient): Channel;
  /** The request that makes a post. */
  isWrite(request: Pick<HttpRequest, 'method' | 'url'>): boolean;
  /** With all that the channel has to prepare: files, a link, a mention. */
  content: PostContent;
  /** How many posts with this marker the network has accepted, by its own evidence. */
  accepted(marker: string): number;
}

const PATIENCE_MS = 30_000;
const MOST_STEPS = 2_000;

const KINDS: readonly [string, () => Error][] = [
  ['a RangeError', () => new RangeError('Incorrect locale information provided')],
  ['an error of the system', () => Object.assign(new Error('read EIO'), { code: 'EIO' })],
];

/** Throws once, at one of the adapter's steps: a request, its answer, or the reading of a part of the post. */
class Fault {
  isWriting = false;
  wasWriting = false;
  thrownAt: string | null = null;
  readonly #step: number;
  readonly #error: () => Error;
  #count = 0;

  constructor(step: number, error: () => Error) {
    this.#step = step;
    this.#error = error;
  }

  pass(where: string): void {
    this.#count += 1;
    if (this.#count - 1 !== this.#step) return;
    this.thrownAt = where;
    this.wasWriting = this.isWriting;
    throw this.#error();
  }

  /** The same object, whose every part passes by when it is read. */
  watched<T extends object>(object: T, name: string): T {
    return new Proxy(object, {
      get: (target, key) => {
        const value: unknown = Reflect.get(target, key);
        if (typeof key === 'symbol') return value;
        this.pass(`${name}.${key}`);
        return isPlain(value) ? this.watched(value, `${name}.${key}`) : value;
      },
    });
  }
}

function isPlain(value: unknown): value is object {
  if (typeof value !== 'object' || value === null) return false;
  return Array.isArray(value) || Object.getPrototypeOf(value) === Object.prototype;
}

function clientWith(
  fault: Fault,
  { http, isWrite }: Pick<ExceptionHarness, 'http' | 'isWrite'>,
): HttpClient {
  const call = async <T>(request: HttpRequest, made: () => Promise<T>): Promise<T> => {
    const writes = isWrite(request);
    if (writes) fault.isWriting = true;
    fault.pass(`before ${request.method} ${new URL(request.url).pathname}`);
    const answer = await made();
    fault.pass(`after ${request.method} ${new URL(request.url).pathname}`);
    return answer;
  };
  return {
    request: (asked) => call(asked, () => http.request(asked)),
    requestJson: (asked, schema) => call(asked, () => http.requestJson(asked, schema)),
    getJson: (url, schema, rest) =>
      call({ method: 'GET', url }, () => http.getJson(url, schema, rest)),
  };
}

/** Whatever an adapter throws before it writes the post, nothing was posted, and it says so. */
export function describeExceptions(name: string, harness: () => ExceptionHarness): void {
  describe(`${name}: an exception`, () => {
    it.each(KINDS)(
      '%s at any step before the write leaves no doubt',
      async (_, error) => {
        let before = 0;
        let inWrite = 0;
        for (let step = 0; ; step += 1) {
          expect(step).toBeLessThan(MOST_STEPS);
          const fault = new Fault(step, error);
          const marker = `mark-${randomUUID()}`;
          const { account, content, channelWith, accepted } = harness();
          const request: PublishRequest = {
            account: fault.watched(account, 'account'),
            key: randomUUID(),
            marker,
            dueAt: new Date().toISOString(),
            content: fault.watched(content, 'content'),
            replyTo: null,
            signal: AbortSignal.timeout(PATIENCE_MS),
            writeBefore: performance.now() + PATIENCE_MS,
          };
          const outcome = await channelWith(clientWith(fault, harness())).publish(request);
          const seen = { step, at: fault.thrownAt, outcome };
          if (fault.thrownAt === null) {
            expect(seen).toMatchObject({ outcome: { outcome: 'published' } });
            break;
          }
          if (fault.wasWriting) {
            inWrite += 1;
            expect(['unknown', 'published'], JSON.stringify(seen)).toContain(outcome.outcome);
            continue;
          }
          before += 1;
          expect(['rejected', 'retryable', 'published'], JSON.stringify(seen)).toContain(
            outcome.outcome,
          );
          expect(accepted(marker)).toBe(outcome.outcome === 'published' ? 1 : 0);
        }
        expect(before).toBeGreaterThan(3);
        expect(inWrite).toBeGreaterThan(1);
      },
      120_000,
    );
  });
}
