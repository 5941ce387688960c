import { canonicalJson } from '../../domain/canonical.ts';
import { digestLines, fieldDigests, linesOf, sha256Of } from '../pack-file.ts';
import {
  DIGESTS,
  type Fault,
  ITEM,
  MANIFEST,
  Manifest,
  PLAYBOOK,
  pathOf,
  README,
  ROW_FILES,
  RowDigest,
} from '../pack-format.ts';
import { packReadme } from '../pack-readme.ts';
import { PackFault, type PackFiles, parsed, textOf } from './read-pack.ts';

/** @throws PackFault when it is none. */
export function readManifest(files: PackFiles): Manifest {
  const text = textOf(files, MANIFEST);
  const read = Manifest.safeParse(parsed(text));
  if (!read.success) {
    const [issue] = read.error.issues;
    throw new PackFault({
      file: MANIFEST,
      row: null,
      field: issue?.path.join('.') || null,
      message: issue?.message ?? 'is no manifest',
    });
  }
  if (text !== `${canonicalJson(read.data)}\n`) {
    throw new PackFault({
      file: MANIFEST,
      row: null,
      field: null,
      message: 'is not written as a pack writes it',
    });
  }
  return read.data;
}

/** Files that differ from the manifest, each with the place where it was changed. */
export function findFileFaults(files: PackFiles, manifest: Manifest): Fault[] {
  const areDigestsWhole = manifest.files.some(
    (file) => file.path === DIGESTS && isWhole(files, file),
  );
  const digests = areDigestsWhole ? readDigests(files) : null;
  const faults = missingFiles(files, manifest);
  for (const file of manifest.files) {
    if (!files.has(file.path) || file.path === DIGESTS) continue;
    faults.push(...faultsOf(files, file, digests));
  }
  // Only what is whole can say where its digests were changed.
  if (!areDigestsWhole && files.has(DIGESTS)) {
    faults.push(faults.length === 0 ? changedDigest(files, manifest) : wholeFile(DIGESTS));
  }
  return faults;
}

type ListedFile = Manifest['files'][number];

function isWhole(files: PackFiles, { path, sha256, bytes }: ListedFile): boolean {
  const content = files.get(path);
  return content !== undefined && content.length === bytes && sha256Of(content) === sha256;
}

function faultsOf(files: PackFiles, file: ListedFile, digests: Digests | null): Fault[] {
  const { path, rows } = file;
  const lines = path === README ? [] : linesOf(textOf(files, path));
  const changed =
    digests === null || path === README ? [] : changedRows(path, lines, digests.get(path) ?? []);
  if (changed.length > 0) return changed;
  if (!isWhole(files, file)) {
    const isManifestWrong =
      path === README ? textOf(files, path) === packReadme() : digests !== null;
    return isManifestWrong
      ? [
          {
            file: MANIFEST,
            row: null,
            field: `files.${path}`,
            message: 'is not what the file says',
          },
        ]
      : [wholeFile(path)];
  }
  return lines.length === rows
    ? []
    : [
        {
          file: MANIFEST,
          row: null,
          field: `files.${path}.rows`,
          message: `is not ${lines.length}`,
        },
      ];
}

function wholeFile(file: string): Fault {
  const message = 'is not what the manifest says (its SHA-256 or its size)';
  return { file, row: null, field: null, message };
}

function missingFiles(files: PackFiles, manifest: Manifest): Fault[] {
  const listed = manifest.files.map(({ path }) => path);
  const expected = [README, ITEM, PLAYBOOK, DIGESTS, ...ROW_FILES.map(pathOf)];
  const faultOf = (file: string, message: string): Fault => ({
    file,
    row: null,
    field: null,
    message,
  });
  return [
    ...[...new Set([...listed, ...expected])]
      .filter((path) => !files.has(path))
      .map((path) => faultOf(path, 'is missing')),
    ...expected
      .filter((path) => files.has(path) && !listed.includes(path))
      .map((path) => faultOf(MANIFEST, `does not list ${path}`)),
    ...[...files.keys()]
      .filter((path) => path !== MANIFEST && !expected.includes(path) && !listed.includes(path))
      .map((path) => faultOf(path, 'is not in the manifest')),
  ];
}

type Digests = Map<string, RowDigest['fields'][]>;

/** Lines that are no digest are left out: then the rows that they were of say so. */
function readDigests(files: PackFiles): Digests {
  const digests: Digests = new Map();
  for (const line of linesOf(textOf(files, DIGESTS))) {
    const read = RowDigest.safeParse(parsed(line));
    if (!read.success) continue;
    const { file, row, fields } = read.data;
    const rows = digests.get(file) ?? [];
    rows[row - 1] = fields;
    digests.set(file, rows);
  }
  return digests;
}

/** The rows of a file that differ from their digests. */
function changedRows(
  path: string,
  lines: readonly string[],
  known: readonly RowDigest['fields'][],
): Fault[] {
  const faults: Fault[] = [];
  for (let index = 0; index < Math.max(lines.length, known.length); index += 1) {
    const fault = changedRow(lines[index], known[index]);
    if (fault !== null) faults.push({ file: path, row: index + 1, ...fault });
  }
  return faults;
}

function changedRow(
  line: string | undefined,
  known: RowDigest['fields'] | undefined,
): Pick<Fault, 'field' | 'message'> | null {
  if (line === undefined) return { field: null, message: 'is missing' };
  if (known === undefined) return { field: null, message: 'was added' };
  const row = parsed(line);
  if (typeof row !== 'object' || row === null || Array.isArray(row)) {
    return { field: null, message: 'is no JSON object' };
  }
  const found = fieldDigests(line);
  for (const field of new Set([...Object.keys(known), ...Object.keys(found)])) {
    if (known[field] === found[field]) continue;
    const what = found[field] === undefined ? 'is missing' : 'was changed';
    return { field, message: known[field] === undefined ? 'was added' : what };
  }
  return line === canonicalJson(row)
    ? null
    : { field: null, message: 'is not written as a pack writes it' };
}

/** Every other file is whole, so their rows say what the digests have to be. */
function changedDigest(files: PackFiles, manifest: Manifest): Fault {
  const lines = linesOf(textOf(files, DIGESTS));
  const expected = manifest.files.flatMap(({ path }) =>
    path === README || path === DIGESTS
      ? []
      : linesOf(digestLines(path, linesOf(textOf(files, path)))),
  );
  const index = expected.findIndex((line, at) => line !== lines[at]);
  const row = (index === -1 ? expected.length : index) + 1;
  return { file: DIGESTS, row, field: null, message: 'is not the digest of its row' };
}
