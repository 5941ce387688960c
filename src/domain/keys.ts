/** The keys of a table that names all of its kind, in its order. `Object.keys` forgets their type. */
export function keysOf<K extends string>(
  table: Readonly<Record<K, unknown>>,
): readonly [K, ...K[]] {
  return Object.keys(table) as unknown as readonly [K, ...K[]];
}
