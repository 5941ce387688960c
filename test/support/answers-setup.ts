import { afterAll, afterEach } from 'vitest';
import {
  createDocumentedAnswers,
  type DocumentedAnswers,
} from '../../scripts/api-document/documented-answers.ts';

/**
 * Every answer that a test gets from the API is held against the document at once. Whatever the document
 * does not say fails the test that was told.
 */

interface Watch {
  faults: Set<string>;
  /** Compiled when the first answer comes. */
  answers: DocumentedAnswers | null;
}

/** On the global object: a worker runs this file anew for each of its test files, and `fetch` stays. */
const WATCH = Symbol.for('baton.watch');
const shared = globalThis as { [WATCH]?: Watch };
const watch = shared[WATCH] ?? watchAnswers({ faults: new Set(), answers: null });
shared[WATCH] = watch;

function watchAnswers(watch: Watch): Watch {
  const plain = globalThis.fetch;
  globalThis.fetch = async (input, init) => {
    const response = await plain(input, init);
    // What the API gives with every answer, and no other server of the tests does.
    if (!response.headers.has('x-request-id')) return response;
    watch.answers ??= createDocumentedAnswers();
    const method = init?.method ?? (input instanceof Request ? input.method : 'GET');
    const fault = watch.answers.undocumented({
      method: method.toUpperCase(),
      path: new URL(response.url).pathname,
      status: response.status,
      headers: response.headers,
      text: await response.clone().text(),
    });
    if (fault !== null) watch.faults.add(fault);
    return response;
  };
  return watch;
}

function tell(): void {
  const found = [...watch.faults];
  watch.faults.clear();
  if (found.length > 0) {
    throw new Error(`answers that the document does not describe:\n${found.join('\n')}`);
  }
}

afterEach(tell);
afterAll(tell);
