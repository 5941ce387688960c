import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Webhook } from 'standardwebhooks';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runCommand } from '../../test/support/baton-command.ts';
import { textTable, withoutControls, wrapText } from './text-table.ts';

const secret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
const address = 'http://127.0.0.1:1/v1/webhooks/whe_1';
const there = ['--url', 'http://127.0.0.1:1', '--key', 'k'];
const REPAIR = ['stuck', 'repair', '--repair', 'replace_run', '--reason', 'x', ...there];
const ENDPOINT = ['webhook', 'endpoint', 'create', '--decisions', 'sign_off', ...there];

describe('the command line', () => {
  let directory: string;
  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), 'baton cli-'));
  });
  afterAll(() => rmSync(directory, { recursive: true, force: true }));

  function file(name: string, content: string): string {
    const path = join(directory, name);
    writeFileSync(path, content);
    return path;
  }

  it('lists its commands', async () => {
    const { code, out } = await runCommand(['--help']);
    expect(code).toBe(0);
    for (const name of [
      'start-item',
      'show',
      'actions',
      'kpi-review',
      'timeline',
      'stuck',
      'webhook',
      'admin',
      'release',
    ]) {
      expect(out).toContain(name);
    }
  });

  it.each([
    [['nonsense'], /unknown command/],
    [['show'], /missing required argument/],
    [['show', 'itm_1', '--nonsense'], /unknown option/],
    [['start-item'], /--title/],
    [['codec-server', '--host', '0.0.0.0'], /--host/],
    [['codec-server', '--port', '70000'], /--port/],
    [['codec-server', '--ui-origin', 'http://ui.example/path'], /--ui-origin/],
    [['release', 'move', '--per-second', '0'], /--per-second/],
    [['release', 'move', '--wait', '-1'], /--wait/],
    [['release', 'set-current', 'b', '--percentage', '101'], /--percentage/],
    [['release', 'set-current', 'b', '--percentage', '1e1'], /--percentage/],
    [['show', 'itm_1', '--credentials', 'none.json'], /where is Baton\?/],
    [['show', 'itm_1', '--credentials', 'none.json', '--url', 'http://x'], /whose key\?/],
    [['show', 'itm_1', '--credentials', 'none.json', '--url', 'x', '--key', 'k'], /--url: must be/],
    [['webhook', 'sign', '--data', '{}'], /which endpoint\?/],
    [[...ENDPOINT, '--kind', 'pigeon'], /--kind/],
    [[...ENDPOINT, '--kind', 'slack', '--member', 'm'], /give --users instead/],
    [[...ENDPOINT, '--kind', 'slack', '--users', 'U1=m=n'], /U1=m=n is not USER=MEMBER/],
    [[...ENDPOINT, '--kind', 'github', '--member', 'm', '--users', 'U1=m'], /--users is for/],
    [[...ENDPOINT, '--kind', 'github'], /for whom\?/],
    [[...ENDPOINT, '--member', 'm', '--secret-file', 'x'], /--secret-file is for/],
    [[...ENDPOINT, '--kind', 'slack', '--secret-file', 'none.txt'], /none\.txt/],
    [['stuck', 'repair', '--all', '--repair', 'replace_run'], /--reason/],
    [['stuck', 'repair', '--all', '--reason', 'x'], /--repair/],
    [[...REPAIR, '--all', '--finding', 'fnd_1'], /--finding ID, or --all/],
    [REPAIR, /--finding ID, or --all/],
    [[...REPAIR, '--all', '--with', '[1]'], /--with takes a JSON object/],
    [[...REPAIR, '--all', '--with', '{'], /--with takes a JSON object/],
  ])('says what it did not understand: %j', async (args, message) => {
    const { code, out, err } = await runCommand(args);
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err).toMatch(message);
  });

  it('takes each command of docs/releasing.md as it stands there', async () => {
    const page = readFileSync('docs/releasing.md', 'utf8');
    const commands = [...page.matchAll(/^node scripts\/baton\.ts (release .+)$/gm)];
    const given: string[] = [];
    const change = { from: 'a', to: 'b' };
    const releases = {
      status: async () => ({ current: 'a', ramping: null, builds: [], blockers: [] }),
      setCurrent: async () => change,
      rollBack: async () => change,
      move: async () => ({ target: 'b', asked: 1, left: 0, unreadable: [], blockers: [] }),
    };
    for (const [, command = ''] of commands) {
      const { code, err } = await runCommand(command.split(' '), { releases });
      expect({ command, code, err }).toEqual({ command, code: 0, err: '' });
      given.push(command.split(' ')[1] ?? '');
    }
    expect([...new Set(given)].sort()).toEqual(['move', 'rollback', 'set-current', 'status']);
  });

  it('says where nobody answers', async () => {
    const environment = { BATON_URL: 'http://127.0.0.1:1', BATON_KEY: 'bk_1.secret' };
    const { code, err } = await runCommand(['show', 'itm_1'], { environment });
    expect(code).toBe(1);
    expect(err).toContain('Baton does not answer at http://127.0.0.1:1');
    expect(err).not.toContain('secret');
  });

  describe('with the credentials of a local stack', () => {
    function credentials(): string {
      const members = [{ role: 'strategist', memberId: 'm', name: 'S', key: 'bk_s.secret' }];
      return file('credentials.json', JSON.stringify({ url: 'http://127.0.0.1:1', members }));
    }

    it('knows the roles there are', async () => {
      const args = ['show', 'itm_1', '--credentials', credentials(), '--as', 'editor'];
      const { code, err } = await runCommand(args);
      expect(code).toBe(2);
      expect(err).toContain('nobody is editor in the credentials file; there are strategist');
    });

    it('sends their keys nowhere else', async () => {
      const args = [
        'show',
        'itm_1',
        '--credentials',
        credentials(),
        '--url',
        'http://elsewhere.test',
      ];
      const { code, err } = await runCommand(args);
      expect(code).toBe(2);
      expect(err).toContain('are for http://127.0.0.1:1');
    });

    it('refuses a file that holds something else', async () => {
      const { code, err } = await runCommand(['stuck', '--credentials', file('other.json', '[]')]);
      expect(code).toBe(2);
      expect(err).toContain('is not a credentials file');
    });
  });

  describe('webhook sign', () => {
    const environment = { BATON_WEBHOOK_SECRET: secret };
    const sign = (...args: string[]) =>
      runCommand(['webhook', 'sign', '--address', address, ...args], { environment });

    it('prints headers that verify, with the id it was given', async () => {
      const { code, out } = await sign('--data', '{"a":1}', '--id', 'mine', '--json');
      expect(code).toBe(0);
      const signed: { headers: Record<string, string>; body: string } = JSON.parse(out);
      expect(signed).toMatchObject({ address, body: '{"a":1}' });
      expect(signed.headers['webhook-id']).toBe('mine');
      expect(new Webhook(secret).verify(signed.body, signed.headers)).toEqual({ a: 1 });
    });

    it('prints a curl command whose words survive the shell', async () => {
      const { out } = await sign('--data', '{"a":"it\'s"}');
      expect(out).toContain(`--data-raw '{"a":"it'\\''s"}'`);
      expect(out).toMatch(/-H 'webhook-signature: v1,/);
    });

    it('takes the body from a file or from its input', async () => {
      const fromFile = await sign('--data', `@${file('body.json', '{"b":2}\n')}`, '--json');
      expect(JSON.parse(fromFile.out)).toMatchObject({ body: '{"b":2}' });
      const args = ['webhook', 'sign', '--address', address, '--data', '-', '--json'];
      const fromInput = await runCommand(args, { environment, readInput: async () => '{"c":3}\n' });
      expect(JSON.parse(fromInput.out)).toMatchObject({ body: '{"c":3}' });
    });

    it('prints the headers alone', async () => {
      const { out } = await sign('--data', '{}', '--headers');
      expect(out.split('\n').map((line) => line.split(':')[0])).toEqual([
        'webhook-id',
        'webhook-timestamp',
        'webhook-signature',
      ]);
    });

    it.each([
      [['--data', '{'], /--data: is not JSON/],
      [['--data', '@none.json'], /none\.json: cannot be read/],
      [['--data', '{}', '--id', 'two words'], /id: must be/],
      [['--data', '{}', '--endpoint', 'none.json'], /none\.json: cannot be read/],
    ])('refuses %j', async (args, message) => {
      const { code, err } = await sign(...args);
      expect(code).toBe(2);
      expect(err).toMatch(message);
    });
  });
});

describe('text for a terminal', () => {
  it('aligns columns by characters as a person sees them', () => {
    expect(
      textTable([
        ['a', 'één'],
        ['bbb', 'c'],
      ]),
    ).toBe('a    één\nbbb  c');
    expect(
      textTable(
        [
          ['n', '1'],
          ['m', '10'],
        ],
        { right: [1], indent: 2 },
      ),
    ).toBe('  n   1\n  m  10');
  });

  it('wraps at spaces and never cuts a word', () => {
    expect(wrapText('one two three', { width: 7 })).toBe('one two\nthree');
    expect(wrapText('unbreakable', { width: 4, indent: 2 })).toBe('  unbreakable');
  });

  it('aligns and wraps by what a terminal shows of emoji, CJK and colours', () => {
    const red = '\u001b[31mred\u001b[39m';
    expect(
      textTable([
        ['👩‍🚀', 'x'],
        ['編集者', 'x'],
        ['e\u0301', 'x'],
        [red, 'x'],
      ]),
    ).toBe(`👩‍🚀      x\n編集者  x\ne\u0301       x\n${red}     x`);
    expect(wrapText('編集者 編集者', { width: 12 })).toBe('編集者\n編集者');
    expect(wrapText(`${red} ${red}`, { width: 7 })).toBe(`${red} ${red}`);
  });

  it('shows nothing that moves the cursor', () => {
    expect(withoutControls('a\u001b[2Jb\r\u009bc\nd')).toBe('a\uFFFD[2Jb\uFFFD\uFFFDc\nd');
  });
});
