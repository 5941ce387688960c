import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createServer, type Server } from 'node:tls';
import { Connection } from '@temporalio/client';
import { NativeConnection } from '@temporalio/worker';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { readApiConfig, readWorkerConfig } from '../../src/config.ts';

const root = dirname(dirname(import.meta.dirname));
let directory: string;
let server: Server;
let address: string;

/** The engine behind a door that asks for a certificate, as the Temporal server does it itself. */
beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'baton certificates-'));
  for (const folder of ['ours', 'theirs']) {
    const script = join(root, 'docker/make-certificates.sh');
    execFileSync('sh', [script, join(directory, folder), 'localhost']);
  }
  const [host = '', port = ''] = inject('temporalAddress').split(':');
  server = createServer(
    {
      cert: read('ours', 'server.crt'),
      key: read('ours', 'server.key'),
      ca: read('ours', 'authority.crt'),
      requestCert: true,
      rejectUnauthorized: true,
      ALPNProtocols: ['h2'],
    },
    (socket) => {
      const engine = connect(Number(port), host);
      socket.pipe(engine).pipe(socket);
      for (const side of [socket, engine]) {
        side.on('error', () => {
          socket.destroy();
          engine.destroy();
        });
      }
    },
  );
  server.on('tlsClientError', () => {});
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const bound = server.address();
  if (bound === null || typeof bound === 'string') throw new Error('the door has no port');
  address = `localhost:${bound.port}`;
});
afterAll(() => {
  server?.close();
  rmSync(directory, { recursive: true, force: true });
});

function read(folder: string, name: string): Buffer {
  return readFileSync(join(directory, folder, name));
}

/** As docker-compose.mtls.yml says it. */
function environment(change: Record<string, string> = {}): Record<string, string> {
  const ours = (name: string) => join(directory, 'ours', name);
  return {
    DATABASE_URL: 'postgresql://nobody@127.0.0.1:1/none',
    BATON_ASSETS_DIR: directory,
    BATON_SECRET_KEY: Buffer.from(Array.from({ length: 32 }, (_, at) => at)).toString('base64'),
    BATON_PAYLOAD_KEY: 'off',
    TEMPORAL_CONFIG_FILE: join(directory, 'none.toml'),
    TEMPORAL_ADDRESS: address,
    TEMPORAL_TLS_SERVER_CA_CERT_PATH: ours('authority.crt'),
    TEMPORAL_TLS_CLIENT_CERT_PATH: ours('client.crt'),
    TEMPORAL_TLS_CLIENT_KEY_PATH: ours('client.key'),
    ...change,
  };
}

async function reach(settings: Record<string, string>): Promise<boolean> {
  const { temporal } = readApiConfig(settings);
  try {
    const connection = await Connection.connect({ ...temporal.connection, connectTimeout: '5s' });
    await connection.workflowService.getSystemInfo({});
    await connection.close();
    return true;
  } catch {
    return false;
  }
}

describe('the engine by mTLS', () => {
  it('is reached by API and worker with the settings of docker-compose.mtls.yml', async () => {
    expect(await reach(environment())).toBe(true);
    const { temporal } = readWorkerConfig(environment());
    const native = await NativeConnection.connect(temporal.connection);
    await native.close();
  });

  it('is reached by nobody without a certificate of our authority', async () => {
    const {
      TEMPORAL_TLS_CLIENT_CERT_PATH: _,
      TEMPORAL_TLS_CLIENT_KEY_PATH: __,
      ...none
    } = environment();
    expect(await reach(none)).toBe(false);
    const theirs = {
      TEMPORAL_TLS_CLIENT_CERT_PATH: join(directory, 'theirs', 'client.crt'),
      TEMPORAL_TLS_CLIENT_KEY_PATH: join(directory, 'theirs', 'client.key'),
    };
    expect(await reach(environment(theirs))).toBe(false);
  });

  it('is not taken for another server', async () => {
    const authority = join(directory, 'theirs', 'authority.crt');
    expect(await reach(environment({ TEMPORAL_TLS_SERVER_CA_CERT_PATH: authority }))).toBe(false);
    expect(await reach(environment({ TEMPORAL_TLS_SERVER_NAME: 'temporal' }))).toBe(false);
  });
});
