import type { ServerResponse } from 'node:http';
import { Refusal, sendJson } from './answers.ts';
import type { FaultAfterAccepting, FaultInstead, SandboxRemotePost } from './protocol.ts';

const DRIP_MS = 250;
const RETRY_AFTER_SECONDS = '7';

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
    case 'unauthorized':
      throw new Refusal(401, 'token_expired', 'The token has expired.');
    case 'rate_limited':
      response.setHeader('retry-after', RETRY_AFTER_SECONDS);
      throw new Refusal(429, 'rate_limited', 'Too many posts.');
  }
}

/** Misbehaves with the answer of a post that is in the ledger. */
export function failAfterAccepting(
  fault: FaultAfterAccepting,
  response: ServerResponse,
  remote: SandboxRemotePost,
): void {
  switch (fault) {
    case 'accept_then_hang':
      return;
    case 'accept_then_reset':
      response.socket?.resetAndDestroy();
      return;
    case 'accept_then_500':
      sendJson(response, 500, { code: 'internal', message: 'Something went wrong.' });
      return;
    case 'accept_then_garbage':
      response.writeHead(200, { 'content-type': 'text/html' }).end('<html>It works!</html>');
      return;
    case 'accept_then_slow_drip':
      drip(response, Buffer.from(JSON.stringify(remote)));
  }
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
