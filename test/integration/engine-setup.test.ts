import { randomUUID } from 'node:crypto';
import { Connection } from '@temporalio/client';
import { msToTs } from '@temporalio/common/lib/time.js';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { createEngineSetup } from '../../scripts/baton/engine-setup.ts';
import { findSearchAttributeFaults } from '../../src/engine/search-attributes.ts';
import { runCommand } from '../support/baton-command.ts';
import { eventually } from '../support/eventually.ts';
import { type ItemEngine, openItemEngine } from '../support/item-engine.ts';

const NAMES = ['BatonWorkspace', 'BatonStage', 'BatonWaitingRole', 'BatonDueAt'];
/** `IndexedValueType` of temporal.api.enums.v1. */
const KEYWORD = 2;

let connection: Connection;
let engine: ItemEngine;
beforeAll(async () => {
  connection = await Connection.connect({ address: inject('temporalAddress') });
  engine = await openItemEngine();
});
afterAll(async () => {
  await engine?.close();
  await connection?.close();
});

/** As a server's operator makes it, without anything of Baton's. */
async function bareNamespace(): Promise<string> {
  const namespace = `bare-${randomUUID()}`;
  await connection.workflowService.registerNamespace({
    namespace,
    workflowExecutionRetentionPeriod: msToTs('1 day'),
  });
  return namespace;
}

/** `baton engine setup` with an environment. */
function setUpBy(environment: Record<string, string>) {
  const engine = createEngineSetup({ TEMPORAL_CONFIG_FILE: '/none.toml', ...environment });
  return runCommand(['engine', 'setup'], { engine });
}

function setup(namespace: string) {
  const address = inject('temporalAddress');
  return setUpBy({ TEMPORAL_ADDRESS: address, TEMPORAL_NAMESPACE: namespace });
}

describe('baton engine setup', () => {
  it('gives a namespace what a worker needs, says what it did, and may run again', async () => {
    const namespace = await bareNamespace();
    expect(await setup(namespace)).toEqual({
      code: 0,
      out: `${namespace}: added the search attributes ${NAMES.join(', ')}`,
      err: '',
    });
    expect(await setup(namespace)).toEqual({
      code: 0,
      out: `${namespace}: every search attribute is there`,
      err: '',
    });
  });

  it('is what a worker does by itself where the engine lets it', async () => {
    const namespace = await bareNamespace();
    const worker = await engine.spawnWorker({ TEMPORAL_NAMESPACE: namespace });
    await worker.kill();
    expect(await setup(namespace)).toMatchObject({
      code: 0,
      out: `${namespace}: every search attribute is there`,
    });
  });

  it('adds nothing where a name is taken with another type, and a worker does not start', async () => {
    const namespace = await bareNamespace();
    await connection.operatorService.addSearchAttributes({
      namespace,
      searchAttributes: { BatonWaitingRole: KEYWORD },
    });
    const otherType = await eventually(
      async () => {
        const faults = await findSearchAttributeFaults(connection, namespace);
        return faults.otherType.length > 0 ? faults.otherType : null;
      },
      { what: 'the type of the attribute' },
    );
    expect(otherType).toEqual([{ name: 'BatonWaitingRole', type: 'KEYWORD_LIST' }]);
    const { code, out, err } = await setup(namespace);
    expect({ code, out }).toEqual({ code: 1, out: '' });
    expect(err).toContain('has another type than BatonWaitingRole (KEYWORD_LIST)');
    const { missing } = await findSearchAttributeFaults(connection, namespace);
    expect(missing.map(({ name }) => name)).toEqual(
      NAMES.filter((name) => name !== 'BatonWaitingRole'),
    );
    await expect(engine.spawnWorker({ TEMPORAL_NAMESPACE: namespace })).rejects.toThrow(
      new RegExp(
        `TEMPORAL_NAMESPACE.*${namespace} .*another type than BatonWaitingRole.*engine setup`,
      ),
    );
  });

  it('says what it was not told, and who does not answer', async () => {
    const untold = await setUpBy({});
    expect(untold).toMatchObject({ code: 2, out: '' });
    expect(untold.err).toContain('TEMPORAL_ADDRESS: is required');
    const nowhere = await setUpBy({ TEMPORAL_ADDRESS: '127.0.0.1:1' });
    expect(nowhere).toMatchObject({ code: 1, out: '' });
    expect(nowhere.err).toContain('the engine at 127.0.0.1:1 does not answer');
    const nothing = await setup(`nobody-made-${randomUUID()}`);
    expect(nothing).toMatchObject({ code: 1, out: '' });
    expect(nothing.err).toMatch(/not found/i);
  });
});

describe('where nobody but the operator of the cloud may list or register', () => {
  const closed = async () => {
    throw Object.assign(new Error('not for you'), { code: 7, details: '', metadata: {} });
  };
  const cloud = () =>
    ({
      workflowService: connection.workflowService,
      operatorService: { listSearchAttributes: closed, addSearchAttributes: closed },
      withDeadline: connection.withDeadline.bind(connection),
    }) as unknown as Connection;

  it('a worker still finds out what is missing', async () => {
    const namespace = await bareNamespace();
    const faults = await eventually(
      () => findSearchAttributeFaults(cloud(), namespace).catch(() => null),
      { what: 'the new namespace' },
    );
    expect(faults.missing.map(({ name }) => name)).toEqual(NAMES);
    expect(
      await findSearchAttributeFaults(cloud(), engine.deps.temporal.options.namespace),
    ).toEqual({ missing: [], otherType: [] });
  });
});
