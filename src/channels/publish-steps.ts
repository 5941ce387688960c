import type { Channel, ChannelAccount, PublishOutcome, PublishRequest } from './channel.ts';
import { type FailedOutcome, unreachable } from './request-outcomes.ts';

const MAX_MESSAGE = 300;
/** Errors of code or content: the same attempt would fail in the same way. */
const MISTAKES = new Set([
  'TypeError',
  'RangeError',
  'SyntaxError',
  'ReferenceError',
  'URIError',
  'EvalError',
]);

export type WriteLimits = Pick<PublishRequest, 'signal' | 'writeBefore'>;

/** A publish in two parts, told apart so that an exception of the first is known to have posted nothing. */
interface PublishSteps<Ready> {
  /** Session, uploads, the record: nothing that is done here can make a post. */
  prepare(request: PublishRequest): Promise<{ ready: Ready } | FailedOutcome>;
  /** The one request that makes the post, and the reading of its answer. */
  write(ready: Ready, limits: WriteLimits): Promise<PublishOutcome>;
}

/** The `publish` of an adapter. It throws nothing, and no credential is in its messages. */
export function publishInSteps<Ready>({ prepare, write }: PublishSteps<Ready>): Channel['publish'] {
  return async (request) => {
    const { account, signal, writeBefore } = request;
    const prepared = await beforeWriting(account, () => prepare(request));
    if ('outcome' in prepared) return withoutCredentials(account, prepared);
    if (signal.aborted || performance.now() >= writeBefore) {
      return unreachable('the time to send was over before the post was written');
    }
    try {
      return withoutCredentials(account, await write(prepared.ready, { signal, writeBefore }));
    } catch (error) {
      const message = `while the post was written: ${describeError(account, error)}`;
      return { outcome: 'unknown', code: 'answer_unusable', message };
    }
  };
}

type Secrets = Pick<ChannelAccount, 'credentials'>;

/** Does what cannot make a post. Whatever it throws is an outcome in which nothing was posted. */
export async function beforeWriting<Done extends object>(
  account: Secrets,
  work: () => Promise<Done | FailedOutcome>,
): Promise<Done | FailedOutcome> {
  try {
    return await work();
  } catch (error) {
    const message = `nothing was sent: ${describeError(account, error)}`;
    return isMistake(error)
      ? { outcome: 'rejected', code: 'not_preparable', message }
      : { ...unreachable(message), code: 'not_prepared' };
  }
}

function isMistake(error: unknown): boolean {
  return error instanceof Error && MISTAKES.has(error.name) && error.cause === undefined;
}

/** Cut: it ends in a workflow's history. */
export function describeError(account: Secrets, error: unknown): string {
  const said = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  return withoutSecrets(account, said).slice(0, MAX_MESSAGE);
}

/** A server may quote what it was sent. */
export function withoutCredentials<Outcome extends object>(
  account: Secrets,
  outcome: Outcome,
): Outcome {
  return 'message' in outcome && typeof outcome.message === 'string'
    ? { ...outcome, message: withoutSecrets(account, outcome.message) }
    : outcome;
}

function withoutSecrets({ credentials }: Secrets, text: string): string {
  return Object.values(credentials ?? {}).reduce(
    (left: string, secret) =>
      typeof secret === 'string' && secret !== '' ? left.replaceAll(secret, '…') : left,
    text,
  );
}
