import {
  FailureError,
  type MadeWorkspace,
  type NewWorkspace,
  UsageError,
  type WorkspaceMaker,
} from '../../src/cli/cli-deps.ts';
import { createDb, type Db } from '../../src/db/client.ts';
import { migrate } from '../../src/db/migrate.ts';
import { bootstrapWorkspace } from '../../src/db/workspace/bootstrap.ts';
import { listWorkspaces } from '../../src/db/workspace/workspaces.ts';
import { STANDARD_PLAYBOOK } from '../../src/domain/playbook/standard.ts';
import { isHolidaysCountry } from '../../src/time/public-holidays.ts';
import { isTimeZone } from '../../src/time/zoned-time.ts';

/**
 * Makes workspaces with nothing but an admin in them: everybody else is added over the API.
 * @param databaseUrl asked when a workspace is to be made, not before
 */
export function createWorkspaceMaker(databaseUrl: () => string): WorkspaceMaker {
  return {
    async init(plan) {
      checkPlan(plan);
      const url = databaseUrl();
      await migrate(url);
      return inDatabase(url, async (db) => {
        const [first] = await listWorkspaces(db);
        if (first) {
          throw new FailureError(
            `the database has the workspace ${first.name} already: \`workspace create\` makes another`,
          );
        }
        return make(db, plan);
      });
    },
    async create(plan) {
      checkPlan(plan);
      return inDatabase(databaseUrl(), (db) => make(db, plan));
    },
  };
}

function checkPlan({ name, adminName, zone, country }: NewWorkspace): void {
  if (name.trim() === '') throw new UsageError('--name: must not be blank');
  if (adminName.trim() === '') throw new UsageError('--admin: must not be blank');
  if (!isTimeZone(zone)) throw new UsageError(`--zone: ${zone} is not an IANA time zone`);
  if (!isHolidaysCountry(country)) {
    throw new UsageError(`--country: no public holidays are known for ${country}`);
  }
}

async function make(db: Db, plan: NewWorkspace): Promise<MadeWorkspace> {
  const { name, adminName, zone, country } = plan;
  const made = await bootstrapWorkspace(db, {
    name,
    calendar: {
      zone,
      workdays: [1, 2, 3, 4, 5],
      from: '09:00',
      to: '18:00',
      holidaysCountry: country,
    },
    playbook: STANDARD_PLAYBOOK,
    members: [{ name: adminName, roles: ['admin'] }],
    channelAccounts: [],
  });
  if (made === null) throw new FailureError(`there is a workspace named ${name} already`);
  const [admin] = made.members;
  if (!admin) throw new Error(`${made.workspaceId} was made without its admin`);
  const { memberId, name: shown, key } = admin;
  return { workspaceId: made.workspaceId, name, admin: { memberId, name: shown, key } };
}

async function inDatabase<T>(url: string, work: (db: Db) => Promise<T>): Promise<T> {
  const database = createDb(url, { max: 1, applicationName: 'baton-cli' });
  try {
    return await work(database.db);
  } catch (error) {
    throw isUnreachable(error)
      ? new FailureError(`the database does not answer: ${String(reasonOf(error))}`)
      : error;
  } finally {
    await database.close();
  }
}

const UNREACHABLE: ReadonlySet<unknown> = new Set(['ECONNREFUSED', 'ENOTFOUND', 'ETIMEDOUT']);

function isUnreachable(error: unknown): boolean {
  return UNREACHABLE.has(reasonOf(error));
}

/** The code of the failure that the query library wraps. */
function reasonOf(error: unknown): unknown {
  if (!(error instanceof Error)) return null;
  if ('code' in error) return error.code;
  return reasonOf(error.cause);
}
