import type { Hono } from 'hono';
import type { ApiEnv } from './context.ts';

/**
 * Which methods a path has, from the routes themselves.
 * @returns for a path: its methods, empty when no route has it.
 */
export function createMethodFinder(app: Pick<Hono<ApiEnv>, 'routes'>): (path: string) => string[] {
  const methodsOf = new Map<string, Set<string>>();
  for (const { method, path } of app.routes) {
    if (method === 'ALL') continue;
    const methods = methodsOf.get(path) ?? new Set();
    methods.add(method);
    // A GET route answers HEAD as well.
    if (method === 'GET') methods.add('HEAD');
    methodsOf.set(path, methods);
  }
  const patterns = [...methodsOf].map(([path, methods]) => ({ pattern: patternOf(path), methods }));
  return (path) => {
    const found = patterns.filter(({ pattern }) => pattern.test(path));
    return [...new Set(found.flatMap(({ methods }) => [...methods]))].sort();
  };
}

function patternOf(path: string): RegExp {
  const segments = path
    .split('/')
    .map((segment) => (segment.startsWith(':') ? '[^/]+' : literally(segment)));
  return new RegExp(`^${segments.join('/')}$`);
}

function literally(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
