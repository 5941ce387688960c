/** The thread of a bystander. */
import { parentPort, workerData } from 'node:worker_threads';
import { askForEver } from './watch.ts';

await askForEver(workerData, (answer) => parentPort?.postMessage(answer));
