export { contentItem } from './content-item.ts';
export { historyArchive } from './history-archive.ts';
export { watch } from './scheduled/watch.ts';
