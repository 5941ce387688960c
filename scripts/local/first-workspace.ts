import { existsSync, readFileSync } from 'node:fs';
import { z } from 'zod';
import { writeSecret } from '../../src/cli/secret-file.ts';
import { createDb, type Db } from '../../src/db/client.ts';
import { authenticateApiKey } from '../../src/db/workspace/api-keys.ts';
import {
  type BootstrappedWorkspace,
  bootstrapWorkspace,
  type WorkspacePlan,
} from '../../src/db/workspace/bootstrap.ts';
import { ROLES } from '../../src/domain/people/roles.ts';
import { STANDARD_PLAYBOOK } from '../../src/domain/playbook/standard.ts';

/** Content of `.baton/credentials.json`: where the API is and a key per role. */
export const Credentials = z.object({
  url: z.string(),
  workspaceId: z.string(),
  members: z.array(
    z.object({ role: z.enum(ROLES), memberId: z.string(), name: z.string(), key: z.string() }),
  ),
});
export type Credentials = z.infer<typeof Credentials>;

/** The people of the local stack: each owner role, and who approves, answers and administers. */
const localWorkspace = {
  name: 'Local workspace',
  calendar: {
    zone: 'Europe/Paris',
    workdays: [1, 2, 3, 4, 5],
    from: '09:00',
    to: '18:00',
    holidaysCountry: 'FR',
  },
  playbook: STANDARD_PLAYBOOK,
  members: [
    {
      name: 'Simone Strategist',
      roles: ['strategist'],
      skillTags: ['analytics', 'seo', 'project_management'],
      platformTags: {},
    },
    {
      // Small teams overlap; four eyes keeps a creator from approving what they wrote.
      name: 'Camille Creator',
      roles: ['creator', 'editor'],
      skillTags: ['writing', 'visual_design', 'video_production'],
      platformTags: {},
    },
    {
      name: 'Malik Manager',
      roles: ['social_media_manager'],
      skillTags: ['community_management', 'campaign_management'],
      // Deep in every channel that the examples have a variant for.
      platformTags: { sandbox: 3, linkedin: 3, mastodon: 3, bluesky: 3, x: 3 },
    },
    { name: 'Edith Editor', roles: ['editor'], skillTags: [], platformTags: {} },
    { name: 'Leon Legal', roles: ['legal'], skillTags: [], platformTags: {} },
    { name: 'Cosima Community', roles: ['community_manager'], skillTags: [], platformTags: {} },
    { name: 'Ada Admin', roles: ['admin'], skillTags: [], platformTags: {} },
  ],
  channelAccounts: [{ channel: 'sandbox', name: 'Sandbox', zone: 'Europe/Paris' }],
} satisfies WorkspacePlan;

/** A workspace and a key per role, wherever its API is. */
export type WorkspaceKeys = Omit<Credentials, 'url'>;

/** Makes sure that `credentialsFile` holds keys that open the database: earlier ones, or new ones. */
export function prepareWorkspace(options: {
  databaseUrl: string;
  credentialsFile: string;
  apiUrl: string;
}): Promise<{ credentials: Credentials; created: boolean }> {
  return withDatabase(options.databaseUrl, async (db) => {
    const existing = readCredentials(options.credentialsFile);
    const valid = existing !== null && (await opensWorkspace(db, existing));
    const known = valid ? existing : await createLocalWorkspace(db);
    // The address changes when the usual port is taken.
    const credentials = Credentials.parse({ ...known, url: options.apiUrl });
    writeSecret(options.credentialsFile, `${JSON.stringify(credentials, null, 2)}\n`);
    return { credentials, created: !valid };
  });
}

/** Makes the workspace of the local stack in a database that has none. */
export function makeFirstWorkspace(databaseUrl: string): Promise<WorkspaceKeys> {
  return withDatabase(databaseUrl, createLocalWorkspace);
}

async function withDatabase<T>(url: string, work: (db: Db) => Promise<T>): Promise<T> {
  const database = createDb(url, { max: 2, applicationName: 'baton-local' });
  try {
    return await work(database.db);
  } finally {
    await database.close();
  }
}

/** An earlier workspace whose keys were lost keeps its name; the new one gets a number. */
async function createLocalWorkspace(db: Db): Promise<BootstrappedWorkspace> {
  for (let number = 1; ; number += 1) {
    const name = number === 1 ? localWorkspace.name : `${localWorkspace.name} ${number}`;
    const workspace = await bootstrapWorkspace(db, { ...localWorkspace, name });
    if (workspace) return workspace;
  }
}

/** The credentials of an earlier start; null when there are none that can be read. */
export function readCredentials(file: string): Credentials | null {
  if (!existsSync(file)) return null;
  try {
    return Credentials.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch {
    return null;
  }
}

/** Whether every key is still good: the file may be older than the database, or of another one. */
async function opensWorkspace(db: Db, credentials: Credentials): Promise<boolean> {
  for (const { key, memberId } of credentials.members) {
    const found = await authenticateApiKey(db, key);
    if (found?.member.id !== memberId) return false;
  }
  return credentials.members.length > 0;
}
