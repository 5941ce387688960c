export { campaign } from './campaign.ts';
export { contentItem } from './content-item.ts';
export { historyArchive } from './history-archive.ts';
export { checkpointHeads } from './scheduled/checkpoint-heads.ts';
export { settling } from './scheduled/settling.ts';
export { tidy } from './scheduled/tidy.ts';
export { watch } from './scheduled/watch.ts';
export { webhookDelivery } from './webhook-delivery.ts';
