import { credentialsPurpose, sessionPurpose } from '../../src/credentials/account-credentials.ts';
import { keyIdOf, type SecretBox, SecretUnreadable } from '../../src/credentials/secret-box.ts';
import { webhookPurpose } from '../../src/credentials/signing-secrets.ts';
import { slackPurpose } from '../../src/credentials/slack-purpose.ts';
import type { Db } from '../../src/db/client.ts';
import {
  listSealedSecrets,
  replaceSealedSecret,
  type SealedSecretRow,
} from '../../src/db/workspace/sealed-secrets.ts';
import { listWorkspaces } from '../../src/db/workspace/workspaces.ts';
import { inWorkspace, OPERATOR } from '../../src/db/workspace-scope.ts';

export interface Resealed {
  resealed: number;
  /** Were under the current key already. */
  current: number;
  /** Rows, as `channel account cha_…`, that no key opens. */
  unreadable: string[];
}

const PURPOSES: Record<SealedSecretRow['kind'], (id: string) => string> = {
  'channel account': credentialsPurpose,
  'channel session': sessionPurpose,
  'metric source': credentialsPurpose,
  'webhook endpoint': webhookPurpose,
  'webhook subscription': webhookPurpose,
  'Slack channel of a member': slackPurpose,
  'Slack channel of a workspace': slackPurpose,
};

/** Brings every stored secret under the current key. What somebody changes meanwhile is under it already. */
export async function resealSecrets(
  db: Db,
  { secrets, keyId }: { secrets: SecretBox; keyId: string },
): Promise<Resealed> {
  const result: Resealed = { resealed: 0, current: 0, unreadable: [] };
  for (const { id: workspaceId } of await listWorkspaces(db)) {
    await inWorkspace({ workspaceId, actor: OPERATOR }, () =>
      resealWorkspace(db, { workspaceId, secrets, keyId, result }),
    );
  }
  return result;
}

async function resealWorkspace(
  db: Db,
  {
    workspaceId,
    secrets,
    keyId,
    result,
  }: { workspaceId: string; secrets: SecretBox; keyId: string; result: Resealed },
): Promise<void> {
  for (const row of await listSealedSecrets(db, { workspaceId })) {
    if (keyIdOf(row.sealed) === keyId) {
      result.current += 1;
      continue;
    }
    const purpose = PURPOSES[row.kind](row.id);
    try {
      const by = secrets.seal(secrets.open(row.sealed, purpose), purpose);
      if (await replaceSealedSecret(db, { ...row, by })) result.resealed += 1;
    } catch (error) {
      if (!(error instanceof SecretUnreadable)) throw error;
      result.unreadable.push(`${row.kind} ${row.id}`);
    }
  }
}
