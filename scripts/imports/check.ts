import { posix } from 'node:path';
import { LAYERS, type Layer, PROGRAMS } from './layers.ts';

interface Import {
  line: number;
  module: string;
  typeOnly: boolean;
}

const STATEMENT = /^(?:import|export)(?<type>\s+type)?\b(?:[^'";]*?\bfrom)?\s*'(?<module>[^']+)'/gm;
const DYNAMIC = /\bimport\('(?<module>[^']+)'\)/g;

/** The rules that a file of `src` breaks, as `file:line: message`. `file` is relative to the root. */
export function brokenImportRules(file: string, text: string): string[] {
  if (PROGRAMS.includes(file) || /\.(test|testsuite)\.ts$/.test(file)) return [];
  const folder = /^src\/([^/]+)\//.exec(file)?.[1];
  if (folder === undefined) return [];
  const layer = LAYERS[folder];
  if (layer === undefined) {
    return [`${file}:1: src/${folder} has no row in scripts/imports/layers.ts: add it.`];
  }
  return importsOf(text)
    .filter((found) => !isAllowed({ file, folder, layer, found }))
    .map(
      ({ line, module }) =>
        `${file}:${line}: src/${folder} may not import '${module}'. ${layer.place}`,
    );
}

function importsOf(text: string): Import[] {
  return [...text.matchAll(STATEMENT), ...text.matchAll(DYNAMIC)].map((match) => ({
    line: text.slice(0, match.index).split('\n').length,
    module: match.groups?.['module'] ?? '',
    typeOnly: match.groups?.['type'] !== undefined,
  }));
}

function isAllowed(question: {
  file: string;
  folder: string;
  layer: Layer;
  found: Import;
}): boolean {
  const { file, folder, layer, found } = question;
  if (!found.module.startsWith('.')) return layer.packages.includes(packageOf(found.module));
  const target = posix.relative('src', posix.join(posix.dirname(file), found.module));
  const allowed = [folder, ...layer.folders, ...(found.typeOnly ? (layer.types ?? []) : [])];
  return allowed.some((place) => target === place || target.startsWith(`${place}/`));
}

function packageOf(module: string): string {
  if (module.startsWith('node:')) return 'node';
  return module
    .split('/')
    .slice(0, module.startsWith('@') ? 2 : 1)
    .join('/');
}
