/**
 * A fake of a source of numbers, as a process of its own: `PUT /state` says what it holds, `PUT /faults`
 * what the next requests are answered instead. It shares no code with what it is asked by.
 */
import { createServer } from 'node:http';

/** @param {(request: {method: string, url: URL, headers: object, body: string, state: any}) => {status?: number, headers?: object, body: unknown}} answer */
export function serve(answer) {
  let state = {};
  let faults = [];
  const asked = [];
  const server = createServer(async (request, response) => {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const body = Buffer.concat(chunks).toString('utf8');
    const url = new URL(request.url, 'http://fake');
    const control = `${request.method} ${url.pathname}`;
    if (control === 'PUT /state') {
      state = JSON.parse(body);
      faults = [];
      asked.length = 0;
      return send(response, { status: 204, body: '' });
    }
    if (control === 'PUT /faults') {
      faults = JSON.parse(body);
      return send(response, { status: 204, body: '' });
    }
    if (control === 'GET /asked') return send(response, { body: asked });
    asked.push(`${request.method} ${request.url}`);
    const fault = faults.shift() ?? null;
    if (fault?.reset) return request.socket.destroy();
    if (fault !== null) return send(response, fault);
    send(response, answer({ method: request.method, url, headers: request.headers, body, state }));
  });
  server.listen(0, '127.0.0.1', () => {
    console.log(JSON.stringify({ url: `http://127.0.0.1:${server.address().port}` }));
  });
  // Whoever started it is gone.
  process.stdin.resume().on('end', () => process.exit(0));
}

function send(response, { status = 200, headers = {}, body }) {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  response.writeHead(status, { 'content-type': 'application/json', ...headers });
  response.end(text);
}

/** Refuses a query that names what the documentation does not. */
export function onlyNames(url, names) {
  const odd = [...url.searchParams.keys()].filter((name) => !names.includes(name));
  return odd.length === 0 ? null : { status: 400, body: { error: `unknown parameter ${odd}` } };
}
