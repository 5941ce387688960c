import { log } from '@temporalio/activity';
import { createCampaignLook } from '../campaigns/look.ts';
import type { CampaignKey, CampaignLook } from '../domain/campaign/campaign-run.ts';
import type { ActivityDeps } from './deps.ts';

export function campaignActivities({
  db,
  temporal,
  taskQueue,
}: Pick<ActivityDeps, 'db' | 'temporal' | 'taskQueue'>) {
  const look = createCampaignLook({
    db,
    temporal,
    taskQueue,
    log: {
      warn: (fields, message) => log.warn(message, { ...fields }),
      error: (fields, message) => log.error(message, { ...fields }),
    },
  });
  return {
    /**
     * Does what is to be done about a campaign. Repeatable: what was done is in the tables, and each
     * item hears everything under an id of its own.
     */
    lookAtCampaign: (key: CampaignKey): Promise<CampaignLook> => look(key),
  };
}
