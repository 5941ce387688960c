import { createApp as createPlainApp } from '../../../src/api/app.ts';

/** What a server without one place for its errors says of every refusal. */
export function createApp(...given: Parameters<typeof createPlainApp>) {
  const app = createPlainApp(...given);
  app.onError((_, c) => c.text('Internal Server Error', 500));
  return app;
}
