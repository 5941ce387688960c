import type { ServerResponse } from 'node:http';
import type {
  FaultAfterAccepting,
  FaultInstead,
  SandboxPostAnswer,
} from '../channels/sandbox/protocol.ts';
import { Refusal, sendJson } from './answers.ts';

const DRIP_MS = 250;
const RETRY_AFTER_SECONDS = '7';
/** Where the network's redirects lead: a metadata service, which nobody must be led to. */
const REDIRECT_TO = 'http://169.254.169.254/latest/meta-data/';

/** Misbehaves instead of accepting the post. A connection that hangs stays open until either side ends it. */
export function failInstead(fault: FaultInstead, response: ServerResponse): void {
  switch (fault) {
    case 'hang':
      return;
    case 'reset':
      response.socket?.resetAndDestroy();
      return;
    case 'reject':
      throw new Refusal(422, 'content_refused', 'The network does not want this post.');
    case 'say_rejected': {
      const said: SandboxPostAnswer = {
        state: 'rejected',
        code: 'content_refused',
        message: 'The network does not want this post.',
      };
      sendJson(response, 200, said);
      return;
    }
    case 'unauthorized':
      throw new Refusal(401, 'token_expired', 'The token has expired.');
    case 'rate_limited':
      response.setHeader('retry-after', RETRY_AFTER_SECONDS);
      throw new Refusal(429, 'rate_limited', 'Too many posts.');
    case 'rate_limited_silently':
      throw new Refusal(429, 'rate_limited', 'Too many posts.');
    case 'redirect':
      redirect(response);
  }
}

/** Answers for a post that is in the ledger, or misbehaves with the answer. */
export function answerAccepted(
  fault: FaultAfterAccepting,
  response: ServerResponse,
  { status, answer }: { status: number; answer: SandboxPostAnswer },
): void {
  switch (fault) {
    case 'accept':
    case 'accept_then_pending':
      sendJson(response, status, answer);
      return;
    case 'accept_then_hang':
      return;
    case 'accept_then_reset':
      response.socket?.resetAndDestroy();
      return;
    case 'accept_then_500':
      sendJson(response, 500, { code: 'internal', message: 'Something went wrong.' });
      return;
    case 'accept_then_empty':
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': 0 }).end();
      return;
    case 'accept_then_garbage':
      response.writeHead(200, { 'content-type': 'text/html' }).end('<html>It works!</html>');
      return;
    case 'accept_then_redirect':
      redirect(response);
      return;
    case 'accept_then_endless':
      floodWith(response, Buffer.from(`${' '.repeat(65_535)}\n`));
      return;
    case 'accept_then_slow_drip':
      drip(response, Buffer.from(JSON.stringify(answer)));
  }
}

function redirect(response: ServerResponse): void {
  response.writeHead(302, { location: REDIRECT_TO }).end();
}

/** A body that has no end but the reader's patience; no more of it is made than is read. */
function floodWith(response: ServerResponse, chunk: Buffer): void {
  response.writeHead(201, { 'content-type': 'application/json' });
  const flood = (): void => {
    while (!response.destroyed && response.write(chunk)) {
      // Until the buffer is full.
    }
  };
  response.on('drain', flood);
  flood();
}

function drip(response: ServerResponse, bytes: Buffer): void {
  response.writeHead(201, { 'content-type': 'application/json', 'content-length': bytes.length });
  let at = 0;
  const timer = setInterval(() => {
    response.write(bytes.subarray(at, at + 1));
    at += 1;
    if (at === bytes.length) response.end();
  }, DRIP_MS);
  response.on('close', () => clearInterval(timer));
}
