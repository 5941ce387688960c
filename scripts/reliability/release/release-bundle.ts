import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { bundleWorkflowCode, DefaultLogger } from '@temporalio/worker';
import { FAILURE_CONVERTER_PATH } from '../../../src/engine/data-converter.ts';
import { type Part, replacementsOf } from '../replacements.ts';

const WORKFLOWS = join(import.meta.dirname, '..', '..', '..', 'src', 'workflows', 'index.ts');

type BundleHook = NonNullable<Parameters<typeof bundleWorkflowCode>[0]['webpackConfigHook']>;
type PluginEntry = NonNullable<Parameters<BundleHook>[0]['plugins']>[number];
type Plugin = Extract<PluginEntry, { apply: unknown }>;

/** Bundles the workflows of this checkout with parts replaced, as `replace-module.ts` does for a program. */
export function replacedBy(parts: readonly Part[]): BundleHook {
  const wanted = replacementsOf(parts);
  const plugin: Plugin = {
    apply(compiler) {
      compiler.hooks.normalModuleFactory.tap('replace', (factory) => {
        factory.hooks.beforeResolve.tap('replace', (data) => {
          const module = resolve(data.context, data.request);
          const { issuer } = data.contextInfo;
          const found = wanted.find(
            (one) =>
              one.module === module &&
              (one.importer === null ? issuer !== one.by : issuer === one.importer),
          );
          if (found !== undefined) data.request = found.by;
        });
      });
    },
  };
  return (config) => ({ ...config, plugins: [...(config.plugins ?? []), plugin] });
}

/** The workflow code of a release with parts of its own. */
export function releaseBundle(
  parts: readonly Part[],
  more: Partial<Parameters<typeof bundleWorkflowCode>[0]> = {},
): Promise<{ code: string }> {
  return bundleWorkflowCode({
    workflowsPath: WORKFLOWS,
    failureConverterPath: FAILURE_CONVERTER_PATH,
    logger: new DefaultLogger('WARN'),
    webpackConfigHook: replacedBy(parts),
    ...more,
  });
}

/** Writes it as a file. @returns its path */
export async function writeReleaseBundle(
  directory: string,
  parts: readonly Part[],
): Promise<string> {
  const { code } = await releaseBundle(parts);
  const name = createHash('sha256').update(code).digest('hex').slice(0, 16);
  const path = join(directory, `release-${name}.js`);
  writeFileSync(path, code);
  return path;
}
