/** The tables as TypeScript. Other constraints, indexes and triggers are in the migrations alone. */
export { administrativeActs } from './administrative-acts.ts';
export { assets } from './assets.ts';
export { checkpointHeads, checkpoints } from './audit/checkpoints.ts';
export { findings, watches } from './audit/findings.ts';
export {
  campaignActs,
  campaignReviews,
  campaignRuns,
  campaignSignOffs,
  campaigns,
} from './campaigns.ts';
export { channelAccounts } from './channel-accounts.ts';
export { channelBudgets } from './channel-budgets.ts';
export { channelSessions } from './channel-sessions.ts';
export { commandQueues } from './command-queues.ts';
export { commands, idempotencyKeys } from './commands.ts';
export { comments } from './comments.ts';
export { credentialRefusals } from './credential-refusals.ts';
export { archivedHistories, itemEvents, items } from './items.ts';
export { apiKeys, approvalLinks, members } from './members.ts';
export {
  csvMappings,
  readingImportBlocks,
  readingImports,
  readingPreviews,
} from './metrics/csv-imports.ts';
export { metricSourceHealth, metricSources } from './metrics/metric-sources.ts';
export { readingAdditions, readingCells } from './metrics/reading-cells.ts';
export { outbox } from './outbound/outbox.ts';
export {
  deliveryTurns,
  outboundEvents,
  webhookDeliveries,
  webhookSubscriptions,
} from './outbound/subscriptions.ts';
export { linkClicks, outgoingLinks } from './outgoing-links.ts';
export { playbooks } from './playbooks.ts';
export { publishIntents } from './publish-intents.ts';
export { rateLimits } from './rate-limits.ts';
export {
  checkpointReplies,
  kpiAddenda,
  kpiFigures,
  kpiReviews,
  lateReadings,
  learnings,
  readings,
  reviewSuccessors,
} from './readings.ts';
export { remotePosts } from './remote-posts.ts';
export { repairs } from './repairs.ts';
export {
  blackouts,
  calendarFeeds,
  channelSchedules,
  freezes,
  publications,
  renames,
} from './schedules.ts';
export { memberPreferences, noticeSends, notices, slackChannels } from './telling/notices.ts';
export { briefs, commandTexts, drafts } from './versions.ts';
export { webhookEndpoints } from './webhook-endpoints.ts';
export { workspaces } from './workspaces.ts';
