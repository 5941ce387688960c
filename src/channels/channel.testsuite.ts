import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { Channel, ChannelAccount, PublishOutcome, PublishRequest } from './channel.ts';

/** What a network can be made to do with the next post that carries a marker. */
export type NetworkFault =
  | 'accepts and hangs'
  | 'accepts and resets'
  | 'accepts and answers 500'
  | 'accepts and answers garbage'
  | 'hangs'
  | 'resets'
  | 'rejects'
  | 'rejects the credentials'
  | 'limits the rate';

/** A channel's adapter in front of a network that the test controls. */
export interface ChannelHarness {
  channel: Channel;
  account: ChannelAccount;
  /** Makes the next post with this marker go wrong. */
  fail(marker: string, fault: NetworkFault): Promise<void>;
  /** How many posts with this marker the network has accepted, by its own evidence. */
  accepted(marker: string): number;
}

/** Long enough for every answer that comes, however busy the machine is. */
const PATIENCE_MS = 30_000;
/** Long enough for a request to arrive, short enough to wait for a network that hangs. */
const HANGING_MS = 1_500;

function patience(): Pick<PublishRequest, 'signal' | 'writeBefore'> {
  return {
    signal: AbortSignal.timeout(PATIENCE_MS),
    writeBefore: performance.now() + PATIENCE_MS,
  };
}

/** What every channel owes the send protocol. */
export function describeChannel(name: string, harness: () => ChannelHarness): void {
  const mint = (): PublishRequest => ({
    account: harness().account,
    key: randomUUID(),
    marker: `mark-${randomUUID()}`,
    dueAt: new Date().toISOString(),
    content: { text: 'Bonjour — « à demain » 🥖', language: 'fr' },
    replyTo: null,
    ...patience(),
  });
  const lookup = (request: PublishRequest) =>
    harness().channel.lookup({ ...request, signal: AbortSignal.timeout(PATIENCE_MS) });
  const again = (request: PublishRequest): PublishRequest => ({ ...request, ...patience() });

  /** The sender's time is over as soon as the network has the post. */
  function abortOnceAccepted(marker: string) {
    const over = new AbortController();
    const watch = setInterval(() => {
      if (harness().accepted(marker) > 0) over.abort();
    }, 20);
    return { signal: over.signal, stop: () => clearInterval(watch) };
  }

  describe(`${name}: publish`, () => {
    it('answers with the post, which a look-up then finds', async () => {
      const request = mint();
      const outcome = await harness().channel.publish(request);
      expect(outcome).toMatchObject({ outcome: 'published', remoteId: expect.any(String) });
      expect(harness().accepted(request.marker)).toBe(1);
      const { outcome: _, ...post } = outcome as Extract<PublishOutcome, { outcome: 'published' }>;
      expect(await lookup(request)).toMatchObject({ outcome: 'found', post, others: [] });
    });

    it('a network that accepts and hangs leaves an unknown outcome, and the post is found', async () => {
      const request = mint();
      await harness().fail(request.marker, 'accepts and hangs');
      const { signal, stop } = abortOnceAccepted(request.marker);
      const outcome = await harness().channel.publish({ ...request, signal });
      stop();
      expect(outcome).toMatchObject({ outcome: 'unknown' });
      expect(harness().accepted(request.marker)).toBe(1);
      expect(await lookup(request)).toMatchObject({ outcome: 'found' });
    });

    it.each([
      'accepts and resets',
      'accepts and answers 500',
      'accepts and answers garbage',
    ] as const)(
      'a network that %s leaves an unknown outcome, and the post is found',
      async (fault) => {
        const request = mint();
        await harness().fail(request.marker, fault);
        expect(await harness().channel.publish(request)).toMatchObject({ outcome: 'unknown' });
        expect(harness().accepted(request.marker)).toBe(1);
        expect(await lookup(request)).toMatchObject({ outcome: 'found' });
      },
    );

    it.each(['hangs', 'resets'] as const)(
      'a network that %s leaves an unknown outcome, and no post is found',
      async (fault) => {
        const request = mint();
        await harness().fail(request.marker, fault);
        const signal = AbortSignal.timeout(HANGING_MS);
        expect(await harness().channel.publish({ ...request, signal })).toMatchObject({
          outcome: 'unknown',
        });
        expect(await lookup(request)).toEqual({ outcome: 'absent' });
      },
    );

    it.each([
      ['rejects', 'content_refused'],
      ['rejects the credentials', 'credentials_refused'],
    ] as const)('a network that %s is final: %s', async (fault, code) => {
      const request = mint();
      await harness().fail(request.marker, fault);
      expect(await harness().channel.publish(request)).toMatchObject({ outcome: 'rejected', code });
      expect(harness().accepted(request.marker)).toBe(0);
    });

    it('a network that limits the rate says how long to wait', async () => {
      const request = mint();
      await harness().fail(request.marker, 'limits the rate');
      expect(await harness().channel.publish(request)).toMatchObject({
        outcome: 'retryable',
        code: 'rate_limited',
        retryAfterMs: expect.any(Number),
      });
      expect(harness().accepted(request.marker)).toBe(0);
    });
  });

  describe(`${name}: a repeated send`, () => {
    it('makes no second post where the channel declares its key exact', async () => {
      const { channel, account } = harness();
      const idempotency = channel.idempotencyOf(account);
      if (idempotency === 'match' || idempotency === 'none') return;
      const request = mint();
      await harness().fail(request.marker, 'accepts and resets');
      await harness().channel.publish(request);
      const outcomes = await Promise.all(
        Array.from({ length: 5 }, () => harness().channel.publish(again(request))),
      );
      expect(new Set(outcomes.map((outcome) => JSON.stringify(outcome))).size).toBe(1);
      expect(outcomes[0]).toMatchObject({ outcome: 'published' });
      expect(harness().accepted(request.marker)).toBe(1);
    });
  });

  describe(`${name}: look-up`, () => {
    it('knows no post that was never made', async () => {
      expect(await lookup(mint())).toEqual({ outcome: 'absent' });
    });

    it('cannot tell once its time is over', async () => {
      const outcome = await harness().channel.lookup({ ...mint(), signal: AbortSignal.abort() });
      expect(outcome).toMatchObject({ outcome: 'cannot_tell' });
    });
  });
}
