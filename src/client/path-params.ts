/**
 * Values for the parameters of a path, encoded: hono's client puts them in as they are.
 * @throws TypeError when one is empty, because the path would then be another one.
 */
export function pathParams<T extends Record<string, string>>(params: T): T {
  const entries = Object.entries(params).map(([name, value]) => {
    if (value === '') throw new TypeError(`${name}: must not be empty`);
    return [name, encodeURIComponent(value)];
  });
  // The same names with other strings.
  return Object.fromEntries(entries) as T;
}
