export { contentItem } from './content-item.ts';
export { historyArchive } from './history-archive.ts';
export { webhookDelivery } from './webhook-delivery.ts';
