/** `node bare-bundle.ts <file>`: bundles the bare workflows, in a process of its own, as `worker.ts` gets its bundle. */
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { bundleWorkflowCode, DefaultLogger } from '@temporalio/worker';

const [target] = process.argv.slice(2);
if (!target) throw new Error('usage: node bare-bundle.ts <file>');
const { code } = await bundleWorkflowCode({
  workflowsPath: fileURLToPath(new URL('./bare-workflows.ts', import.meta.url)),
  logger: new DefaultLogger('WARN'),
});
writeFileSync(target, code);
