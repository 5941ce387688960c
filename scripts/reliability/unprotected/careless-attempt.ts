import { type Attempt, attemptDelivery as attemptInEarnest } from '../../../src/telling/attempt.ts';

export * from '../../../src/telling/attempt.ts';

/** Sends once and takes that for delivered. */
export async function attemptDelivery(
  ...given: Parameters<typeof attemptInEarnest>
): Promise<Attempt> {
  return { ...(await attemptInEarnest(...given)), delivered: true, gone: false };
}
