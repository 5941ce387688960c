import { readFileSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

const root = dirname(dirname(import.meta.dirname));

/** A file or folder of the checkout, and its path below the image's working directory. */
export interface ImageCopy {
  source: string;
  target: string;
}

/** What the last stage of the Dockerfile takes from the checkout; what it takes from other stages is left out. */
export function imageCopies(): ImageCopy[] {
  const lastStage =
    textOf('Dockerfile')
      .split(/^FROM /m)
      .at(-1) ?? '';
  return [...lastStage.matchAll(/^COPY (?!--from)(.+) (\S+)$/gm)].flatMap(
    ([, sources = '', destination = '']) =>
      sources.split(' ').map((source) => ({ source, target: targetOf(source, destination) })),
  );
}

/** A folder's content goes into the destination itself; a file goes below one that ends with a slash. */
function targetOf(source: string, destination: string): string {
  const isFolder = statSync(join(root, source)).isDirectory();
  return isFolder || !destination.endsWith('/') ? destination : join(destination, basename(source));
}

/**
 * The environment that docker-compose.yml gives to API and workers, with its defaults and without the
 * secrets, which are files there.
 * @param change values of the test's own, secrets too
 */
export function composeEnvironment(change: Record<string, string>): Record<string, string> {
  const block = textOf('docker-compose.yml').split('&baton-environment\n')[1]?.split('\n  vol')[0];
  const entries = [...(block ?? '').matchAll(/^ {4}([A-Z_]+): (.+)$/gm)];
  const plain = entries
    .filter(([, name = '']) => !name.endsWith('_FILE'))
    .map(([, name = '', value = '']) => [name, value.replaceAll(/\$\{\w+:-([^}]*)\}/g, '$1')]);
  return { ...Object.fromEntries(plain), ...change };
}

function textOf(file: string): string {
  return readFileSync(join(root, file), 'utf8');
}
