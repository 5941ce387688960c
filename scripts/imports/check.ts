import { posix } from 'node:path';
import { LAYERS, type Layer, PROGRAMS } from './layers.ts';

interface Import {
  line: number;
  module: string;
  typeOnly: boolean;
  /** A package by its name, or a file of ours by its path below `src`. */
  target: { package: string } | { path: string };
}

/** A file of `src`, by its path from the root. */
export interface Source {
  file: string;
  text: string;
}

const STATEMENT = /^(?:import|export)(?<type>\s+type)?\b(?:[^'";]*?\bfrom)?\s*'(?<module>[^']+)'/gm;
const DYNAMIC = /\bimport\('(?<module>[^']+)'\)/g;

/** The rules that a file of `src` breaks, as `file:line: message`. */
export function brokenImportRules({ file, text }: Source): string[] {
  const folder = boundFolderOf(file);
  if (folder === undefined) return [];
  const layer = LAYERS[folder];
  if (layer === undefined) {
    return [`${file}:1: src/${folder} has no row in scripts/imports/layers.ts: add it.`];
  }
  return importsOf({ file, text })
    .filter((found) => !isAllowed(folder, layer, found))
    .map(
      ({ line, module }) =>
        `${file}:${line}: src/${folder} may not import '${module}'. ${layer.place}`,
    );
}

/** What the table allows and no source imports: each would let an import in that nobody decided on. */
export function unusedPermissions(sources: readonly Source[]): string[] {
  return Object.entries(LAYERS).flatMap(([folder, { folders, types = [], packages }]) => {
    const imports = sources.filter(({ file }) => boundFolderOf(file) === folder).flatMap(importsOf);
    const unused = [
      ...folders.filter((place) => !imports.some((found) => isIn(found, place))),
      ...types.filter((place) => !imports.some((found) => found.typeOnly && isIn(found, place))),
      ...packages.filter((name) => !imports.some((found) => isOf(found, name))),
    ];
    return unused.map(
      (name) => `scripts/imports/layers.ts: src/${folder} imports nothing of '${name}': remove it.`,
    );
  });
}

/** The folder below `src` whose rules hold for a file; tests and programs have none. */
function boundFolderOf(file: string): string | undefined {
  if (PROGRAMS.includes(file) || /\.(test|testsuite)\.ts$/.test(file)) return undefined;
  return /^src\/([^/]+)\//.exec(file)?.[1];
}

function importsOf({ file, text }: Source): Import[] {
  return [...text.matchAll(STATEMENT), ...text.matchAll(DYNAMIC)].map((match) => {
    const module = match.groups?.['module'] ?? '';
    return {
      line: text.slice(0, match.index).split('\n').length,
      module,
      typeOnly: match.groups?.['type'] !== undefined,
      target: module.startsWith('.')
        ? { path: posix.relative('src', posix.join(posix.dirname(file), module)) }
        : { package: packageOf(module) },
    };
  });
}

function isAllowed(folder: string, layer: Layer, found: Import): boolean {
  const places = [folder, ...layer.folders, ...(found.typeOnly ? (layer.types ?? []) : [])];
  return (
    places.some((place) => isIn(found, place)) || layer.packages.some((name) => isOf(found, name))
  );
}

/** Whether it is that file of ours, or one in that folder. */
function isIn({ target }: Import, place: string): boolean {
  return 'path' in target && (target.path === place || target.path.startsWith(`${place}/`));
}

function isOf({ target }: Import, name: string): boolean {
  return 'package' in target && target.package === name;
}

function packageOf(module: string): string {
  if (module.startsWith('node:')) return 'node';
  return module
    .split('/')
    .slice(0, module.startsWith('@') ? 2 : 1)
    .join('/');
}
