import { join } from 'node:path';
import { Client } from 'pg';
import { LOOPBACK } from './ports.ts';
import { type LocalPostgres, startPostgres } from './postgres.ts';
import { allDone, type StackContext } from './stack-context.ts';
import { type LocalTemporal, startTemporal } from './temporal.ts';

/** The servers that Baton needs, embedded or external. */
export interface Services {
  /** Connection string of Baton's database. A secret. */
  databaseUrl: string;
  databaseIsEmbedded: boolean;
  temporalAddress: string;
  /** Null when the UI was not asked for or the server is external. */
  temporalUiUrl: string | null;
  temporalIsEmbedded: boolean;
}

const DATABASE = 'baton';

/**
 * Starts PostgreSQL and Temporal, except where DATABASE_URL or TEMPORAL_ADDRESS names a server that
 * is used instead. `alongside` is work that needs neither and is waited for as well.
 */
export async function superviseServices(
  context: StackContext,
  options: { temporalUi: boolean; alongside: Promise<unknown> },
): Promise<Services> {
  const externalDatabase = context.environment['DATABASE_URL'];
  const externalTemporal = context.environment['TEMPORAL_ADDRESS'];
  let postgres: LocalPostgres | null = null;
  let temporal: LocalTemporal | null = null;
  if (externalDatabase) {
    context.report(`PostgreSQL   ${withoutSecret(externalDatabase)} (from DATABASE_URL)`);
  }
  if (externalTemporal) {
    context.report(`Temporal     ${externalTemporal} (from TEMPORAL_ADDRESS)`);
  }
  await allDone([
    externalDatabase
      ? null
      : supervisePostgres(context).then((server) => {
          postgres = server;
        }),
    externalTemporal
      ? null
      : superviseTemporal(context, options).then((server) => {
          temporal = server;
        }),
    options.alongside,
  ]);
  return toServices({ externalDatabase, externalTemporal, postgres, temporal });
}

async function toServices(servers: {
  externalDatabase: string | undefined;
  externalTemporal: string | undefined;
  postgres: LocalPostgres | null;
  temporal: LocalTemporal | null;
}): Promise<Services> {
  const { externalDatabase, externalTemporal, postgres, temporal } = servers;
  const databaseUrl = externalDatabase ?? (postgres && (await ensureDatabase(postgres.url)));
  const temporalAddress = externalTemporal ?? temporal?.address;
  if (!databaseUrl || !temporalAddress) throw new Error('A server of the local stack is missing');
  return {
    databaseUrl,
    databaseIsEmbedded: externalDatabase === undefined,
    temporalAddress,
    temporalUiUrl: temporal?.uiUrl ?? null,
    temporalIsEmbedded: temporal !== null,
  };
}

async function supervisePostgres(context: StackContext): Promise<LocalPostgres> {
  const onLine = context.openLog('postgres');
  const directory = join(context.stateDir, 'postgres');
  let postgres = await startPostgres({ directory, port: context.ports.postgres, onLine });
  const first = postgres;
  await context.supervise({
    name: 'postgres',
    label: 'PostgreSQL',
    async start({ again }) {
      if (again) {
        postgres = await startPostgres({ directory, port: first.port, exactPort: true, onLine });
      }
      return postgres.process;
    },
    address: () => `${LOOPBACK}:${first.port}`,
    stop: () => postgres.stop(),
  });
  return first;
}

async function superviseTemporal(
  context: StackContext,
  { temporalUi }: { temporalUi: boolean },
): Promise<LocalTemporal> {
  const onLine = context.openLog('temporal');
  const directory = join(context.stateDir, 'temporal');
  let temporal = await startTemporal({
    directory,
    port: context.ports.temporal,
    uiPort: temporalUi ? context.ports.temporalUi : false,
    onLine,
  });
  const first = temporal;
  await context.supervise({
    name: 'temporal',
    label: 'Temporal',
    async start({ again }) {
      if (again) {
        temporal = await startTemporal({
          directory,
          port: first.port,
          uiPort: first.uiPort ?? false,
          exactPorts: true,
          onLine,
        });
      }
      return temporal.process;
    },
    address: () => `${first.address}${first.uiUrl ? `  (UI ${first.uiUrl})` : ''}`,
    stop: () => temporal.stop(),
  });
  return first;
}

/** Makes Baton's database in the embedded server if it is missing; returns its address. */
async function ensureDatabase(adminUrl: string): Promise<string> {
  const client = new Client({ connectionString: adminUrl });
  await client.connect();
  try {
    const existing = await client.query('select 1 from pg_database where datname = $1', [DATABASE]);
    if (existing.rowCount === 0) await client.query(`create database ${DATABASE}`);
  } finally {
    await client.end();
  }
  const url = new URL(adminUrl);
  url.pathname = `/${DATABASE}`;
  return url.href;
}

/** A connection string that may be shown. */
function withoutSecret(address: string): string {
  if (!URL.canParse(address)) return 'external';
  const { host, pathname } = new URL(address);
  return `${host}${pathname}`;
}
