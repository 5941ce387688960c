import fc from 'fast-check';
import { createDocumentedAnswers } from '../../api-document/documented-answers.ts';
import type { Line, Outcome } from '../line.ts';
import { requestsOf } from '../requests/fuzzed-request.ts';
import { makeGround } from '../requests/ground.ts';
import { readOperations } from '../requests/operations.ts';
import { openSite } from '../site.ts';
import { inLanes } from '../time.ts';

const LANES = 8;
const ANSWER_MS = 30_000;
const PROGRESS_EVERY = 1_000;

/** Requests made from the document of the API, and every answer held against it. */
export const R17: Line = {
  id: 'R17',
  title: 'requests made from the OpenAPI document, valid and broken',
  target: 'no 5xx, no answer that the document does not describe, none left out',
  protection: 'the one place where an error becomes a problem',
  full: 10_000,
  small: 300,
  async run(stack, { n, seed, control, progress }) {
    const site = await openSite(stack, { apiParts: control ? ['bareErrors'] : [] });
    try {
      const ground = await makeGround(site, 'R17');
      const { document, operations, valuesOf } = readOperations();
      const answers = createDocumentedAnswers(document);
      const each = Math.ceil(n / operations.length);
      const requests = operations.flatMap((operation, index) =>
        fc.sample(requestsOf(operation, { ground, valuesOf }), {
          numRuns: each,
          seed: seed + index,
        }),
      );
      const outcome: Outcome = {
        operations: requests.length,
        faults: {},
        lost: 0,
        duplicated: 0,
        unresolved: 0,
        recoveryMs: [],
        violations: [],
        evidence: [],
      };
      await inLanes(LANES, requests.length, async (index) => {
        const request = requests[index];
        if (request === undefined) return;
        const { method, path, headers, body, operation } = request;
        const begun = performance.now();
        const ask = () =>
          fetch(`${site.api.url}${path}`, {
            method,
            headers,
            ...(body !== null && { body }),
            signal: AbortSignal.timeout(ANSWER_MS),
          });
        // Once more when its connection ends: a server that refuses early may close while it is sent.
        const response = await ask()
          .catch(ask)
          .catch((error: unknown) => String(error));
        if (typeof response === 'string') {
          outcome.lost += 1;
          outcome.violations.push(`${operation.id} ${path}: ${response}`);
          return;
        }
        outcome.recoveryMs.push(performance.now() - begun);
        const { status } = response;
        const kind = `${Math.floor(status / 100)}xx`;
        outcome.faults[kind] = (outcome.faults[kind] ?? 0) + 1;
        const fault = answers.undocumented({
          method,
          path: new URL(response.url).pathname,
          status,
          headers: response.headers,
          text: await response.text(),
        });
        const asked = `${method} ${path.slice(0, 120)} ${body?.slice(0, 200) ?? ''}`;
        if (status >= 500) outcome.violations.push(`${status}: ${asked}`);
        if (fault !== null) outcome.violations.push(`${fault}: ${asked}`);
        if ((index + 1) % PROGRESS_EVERY === 0) progress(`${index + 1} of ${requests.length}`);
      });
      return outcome;
    } finally {
      await site.close();
    }
  },
};
