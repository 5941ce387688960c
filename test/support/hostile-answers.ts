import type { ServerResponse } from 'node:http';

/** What a server, or something in front of it, may answer with 200 or not, and no client should trust. */
export const HOSTILE_ANSWERS: Readonly<Record<string, (response: ServerResponse) => void>> = {
  'HTML with 200': (response) =>
    response.writeHead(200, { 'content-type': 'text/html' }).end('<p>Log in</p>'),
  'HTML that says it is JSON': (response) =>
    response.writeHead(200, { 'content-type': 'application/json' }).end('<p>Log in</p>'),
  'JSON of another shape': (response) =>
    response.writeHead(200, { 'content-type': 'application/json' }).end('{"uri":1,"remoteId":1}'),
  'no content type': (response) => response.writeHead(200).end('{}'),
  'a redirect to a private address': (response) =>
    response.writeHead(302, { location: 'http://169.254.169.254/' }).end(),
  'an endless body': (response) => {
    response.writeHead(200, { 'content-type': 'application/json' });
    const pour = (): void => {
      if (!response.destroyed) response.write('x'.repeat(65_536), () => setImmediate(pour));
    };
    pour();
  },
  '418 in JSON': (response) =>
    response.writeHead(418, { 'content-type': 'application/json' }).end('{"a":1}'),
  'a bare 500': (response) => response.writeHead(500).end(),
};
