import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';

const CANARY = 'CANARY-7f3a';

/** What a program writes that logs like this: the logger writes to the standard output itself. */
function written(call: string): string {
  const code = `
    const { createLogger, temporalLogger } = await import(${JSON.stringify(
      new URL('./log.ts', import.meta.url).href,
    )});
    const log = createLogger({ level: 'trace', program: 'test' });
    const canary = ${JSON.stringify(CANARY)};
    ${call}`;
  const { stdout, stderr, status } = spawnSync(
    process.execPath,
    ['--input-type=module', '--eval', code],
    { encoding: 'utf8' },
  );
  expect(stderr).toBe('');
  expect(status).toBe(0);
  return stdout;
}

const SECRETS = ['authorization', 'secret', 'key', 'token', 'password', 'databaseUrl', 'apiKey'];
const TEXTS = ['body', 'payload', 'text', 'title', 'comment', 'answer', 'credentials', 'params'];

describe('a log line', () => {
  it('has ids, and nothing of what is called like a secret or a text, at any depth to three', () => {
    const fields = [...SECRETS, ...TEXTS].map((name) => `${name}: canary`).join(', ');
    const output = written(`
      log.info({ itemId: 'itm_1', ${fields} }, 'flat');
      log.warn({ one: { ${fields} } }, 'deep');
      log.error({ one: { two: { ${fields} } } }, 'deeper');
      log.info({ headers: { Authorization: canary, cookie: canary } }, 'headers');`);
    expect(output).toContain('itm_1');
    expect(output.trim().split('\n')).toHaveLength(4);
    expect(output).not.toContain(CANARY);
  });

  it('tells of an error its kind and its place, not what a database or a network quotes', () => {
    const output = written(`
      const quoting = Object.assign(new Error('duplicate: ' + canary), {
        name: 'DatabaseError', code: '23505', detail: canary, query: canary, parameters: [canary],
        hint: canary, where: canary, cause: new TypeError(canary),
      });
      log.error({ err: quoting }, 'failed');
      log.error({ error: quoting }, 'failed');
      log.error(quoting, 'failed');
      log.error({ err: new AggregateError([quoting], canary) }, 'failed');
      log.error({ err: { message: canary, stack: canary } }, 'failed');`);
    expect(output).toContain('23505');
    expect(output).toContain('DatabaseError');
    expect(output).toContain('at ');
    expect(output).not.toContain(CANARY);
  });

  it("holds nothing of the engine's payloads", () => {
    const output = written(`
      const { info } = temporalLogger(log);
      info('activity failed', {
        workflowId: 'item:itm_1', activityType: 'sendPublication', attempt: 2,
        error: new Error('the engine says why'), input: canary, args: [canary], failure: { message: canary },
      });`);
    expect(output).toContain('item:itm_1');
    expect(output).toContain('sendPublication');
    expect(output).toContain('the engine says why');
    expect(output).not.toContain(CANARY);
  });
});
