import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findLocalDatabase } from '../../scripts/baton/local-database.ts';
import { createWorkspaceMaker } from '../../scripts/baton/workspace-maker.ts';
import { createBatonClient } from '../../src/client/index.ts';
import { runCommand } from '../support/baton-command.ts';
import { startTestStack } from '../support/stack-local.ts';

const root = dirname(dirname(import.meta.dirname));

describe('the command line on a running stack', () => {
  let stack: Awaited<ReturnType<typeof startTestStack>>;
  let checkout: string;

  beforeAll(async () => {
    stack = await startTestStack();
    // A checkout whose .baton is that of our stack; everything else is this one.
    checkout = mkdtempSync(join(tmpdir(), 'baton checkout-'));
    for (const name of ['package.json', 'node_modules', 'scripts', 'src', 'examples']) {
      symlinkSync(join(root, name), join(checkout, name));
    }
    symlinkSync(stack.stateDir, join(checkout, '.baton'));
  });
  afterAll(async () => {
    await stack?.dispose();
    rmSync(checkout, { recursive: true, force: true });
  });

  const baton = (...args: string[]) =>
    runCommand([...args, '--credentials', stack.credentialsFile]);
  async function batonJson(...args: string[]): Promise<unknown> {
    const { code, out, err } = await baton(...args, '--json');
    if (code !== 0) throw new Error(err);
    return JSON.parse(out);
  }
  function clientFor(role: string) {
    const { url, members } = stack.credentials;
    const key = members.find((member) => member.role === role)?.key ?? '';
    return createBatonClient({ url, key });
  }

  it('starts an item once, however often it is told to, and shows it', async () => {
    const brief = join(root, 'examples', 'fr', 'brief.json');
    const start = [
      'start-item',
      '--title',
      'Du pain',
      '--brief',
      brief,
      '--idempotency-key',
      'one',
    ];
    const first = await batonJson(...start);
    expect(await batonJson(...start)).toEqual(first);
    expect(first).toMatchObject({ owner: { role: 'strategist' }, item: { stage: 'briefing' } });

    const { items } = await clientFor('strategist').items.list({ q: 'Du pain' });
    expect(items).toHaveLength(1);
    const id = items[0]?.id ?? '';
    const shown = await baton('show', id);
    expect(shown.out).toContain(`${id}  Du pain\n  stage       briefing (drafting) since`);
    expect(shown.out).toContain('Simone Strategist (strategist) for offer_handoff');
    expect((await baton('diagram', id)).out).toMatch(
      /^stateDiagram-v2\n.*class briefing_drafting present$/s,
    );
    expect(await batonJson('show', id)).toMatchObject({ id, brief: { version: 1 } });
    expect((await baton('items', '--search', 'pain')).out).toContain(id);
  });

  it('says what each role may do, what happened and what was refused', async () => {
    const { item } = await clientFor('strategist').items.start({ title: 'Who may' });
    const mine = await baton('actions', item.id);
    expect(mine.out).toMatch(/^yes\s+save_brief$/m);
    expect(mine.out).toMatch(/^no\s+offer_handoff\s+brief_complete/m);
    const others = await baton('actions', item.id, '--as', 'creator');
    expect(others.out).not.toMatch(/^yes/m);

    await clientFor('strategist')
      .items.offerHandoff(item.id, {})
      .catch(() => {});
    const timeline = await baton('timeline', item.id);
    expect(timeline.out).toMatch(/^1 .*item\.started\s+Simone Strategist/m);
    expect(timeline.out).toMatch(/offer_handoff refused\s+Simone Strategist\s+brief_complete/);
    expect(await batonJson('timeline', item.id)).toEqual(
      expect.arrayContaining([expect.objectContaining({ kind: 'refusal', type: 'offer_handoff' })]),
    );
  });

  it('names every field of a brief that is wrong, and exits with 1', async () => {
    const { code, out, err } = await runCommand(
      ['start-item', '--title', 'x', '--brief', '-', '--credentials', stack.credentialsFile],
      { readInput: async () => '{"goal":"fame","colour":"red"}' },
    );
    expect({ code, out }).toEqual({ code: 1, out: '' });
    expect(err).toContain('400 invalid_request');
    expect(err).toContain('brief.goal');
    expect(err).toContain('req_');
  });

  it('exits with 1 for an item that is not there, and says so as JSON too', async () => {
    expect((await baton('show', 'itm_none')).err).toContain('404 not_found');
    const { code, out, err } = await baton('show', 'itm_none', '--json');
    expect({ code, out }).toEqual({ code: 1, out: '' });
    expect(JSON.parse(err)).toMatchObject({ status: 404, code: 'not_found' });
  });

  it('finds what is stuck', async () => {
    const { item } = await clientFor('strategist').items.start({ title: 'Nobody briefs' });
    await clientFor('strategist').local.travel({ itemId: item.id, by: 'P9D' });
    const { code, out } = await baton('stuck');
    expect(code).toBe(0);
    expect(out).toContain(`warning overdue  ${item.id}`);
    expect(out).toContain('waiting on  Simone Strategist (strategist) for offer_handoff');
    expect(await batonJson('stuck')).toMatchObject({ couldNotAsk: [] });
  });

  it('makes a webhook endpoint and keeps its secret where only its owner reads it', async () => {
    const save = join(stack.stateDir, 'legal endpoint.json');
    const create = ['webhook', 'endpoint', 'create', '--for', 'legal'];
    const made = await baton(...create, '--decisions', 'decide_approval', '--save', save);
    expect(made).toMatchObject({ code: 0, err: '' });
    expect(made.out).not.toContain('whsec_');
    expect(statSync(save).mode & 0o777).toBe(0o600);
    expect(readFileSync(save, 'utf8')).toContain('whsec_');

    const wrong = await baton(...create, '--decisions', 'publish_everything');
    expect(wrong.code).toBe(1);
    expect(wrong.err).toContain('decisions');
    const notAdmin = await baton(...create, '--decisions', 'sign_off', '--as', 'creator');
    expect(notAdmin.err).toContain('403 forbidden');
  });

  it('makes another workspace, whose admin sees nothing of the first', async () => {
    const database = findLocalDatabase(stack.stateDir);
    if (database === null) throw new Error('the database of the stack was not found');
    const workspaces = createWorkspaceMaker(() => database);
    const create = ['workspace', 'create', '--name', 'Second', '--json'];
    const made = await runCommand(create, { workspaces });
    expect(made.code).toBe(0);
    const { admin }: { admin: { key: string; memberId: string } } = JSON.parse(made.out);
    const client = createBatonClient({ url: stack.apiUrl, key: admin.key });
    expect((await client.items.list()).items).toEqual([]);
    expect((await client.members.list()).items.map(({ id }) => id)).toEqual([admin.memberId]);

    const again = await runCommand(create, { workspaces });
    expect(again).toMatchObject({ code: 1, out: '' });
    expect(again.err).toContain('there is a workspace named Second already');
    const init = await runCommand(['admin', 'init', '--name', 'Third'], { workspaces });
    expect(init.code).toBe(1);
    expect(init.err).toContain('workspace create');
    const zone = await runCommand([...create, '--zone', 'Mars/North'], { workspaces });
    expect(zone.code).toBe(2);
  });

  it('walks through docs/walkthrough.md with curl as it is written', async () => {
    const { code, output } = await runShell(
      script(shellBlocks(pageText('docs/walkthrough.md'))),
      checkout,
    );
    expect(code, output).toBe(0);
    for (const named of ['checklist.insight_attached', 'four_eyes', 'handoff.accepted']) {
      expect(output).toContain(named);
    }
    // The webhook was delivered twice: one answer.
    const [first, second] = output.match(/\{"outcome":"applied","commandId":"webhook:.*/g) ?? [];
    expect(first).toBeDefined();
    expect(second).toBe(first);
    const { items } = await clientFor('strategist').items.list({ q: 'Between two people' });
    expect(items.map(({ stage }) => stage)).toEqual(['closed']);
  });

  it('does each single job of the README as it is written, with what the tests before left', async () => {
    const { code, output } = await runShell(
      script(shellBlocks(readmeSection('Just one job'))),
      checkout,
    );
    expect(code, output).toBe(0);
    expect(output).toMatch(/^itm_\w+ .*The first piece/m);
    expect(output).toMatch(/\{"outcome":"applied","commandId":"webhook:.*"stage":"creation"/);
    expect(output).toMatch(/^warning overdue /m);
    expect(output).toContain('"code":"overdue"');
    expect(output).toMatch(/^strategist conversions (met|missed|inconclusive)$/m);
    const { items } = await clientFor('strategist').items.list({ q: 'To be accepted' });
    expect(items.map(({ stage }) => stage)).toEqual(['creation']);
  });
});

/** Blocks of a page as a script that stops at the first error, after the functions of the README. */
function script(blocks: string): string {
  return `set -eu\n${shellBlocks(readmeSection('From a shell'))}\n${blocks}`;
}

function pageText(page: string): string {
  return readFileSync(join(root, page), 'utf8');
}

function readmeSection(title: string): string {
  return pageText('README.md').split(`\n## ${title}\n`)[1]?.split('\n## ')[0] ?? '';
}

function shellBlocks(text: string): string {
  return [...text.matchAll(/^```sh\n([\s\S]*?)^```/gm)].map(([, block]) => block).join('\n');
}

function runShell(script: string, cwd: string): Promise<{ code: number | null; output: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn('sh', ['-c', script], { cwd, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        output += text;
      });
    }
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, output }));
  });
}
