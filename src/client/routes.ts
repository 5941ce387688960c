import { answered, type Reply } from './answers.ts';
import { type BodyAndOptions, headersOf } from './call-options.ts';
import { pathParams } from './path-params.ts';

type Headers = ReturnType<typeof headersOf>;

/** A route as hono's client calls it. */
export type Route<Args, R extends Reply> = (args: Args, headers: Headers) => Promise<R>;

/** Reads a list, with its filters and a place to go on from. */
export function listCall<Query, R extends Reply>(route: Route<{ query: Partial<Query> }, R>) {
  return async (query: Partial<Query> = {}) => answered(route({ query }, headersOf()));
}

/** Reads what has an id. */
export function readCall<R extends Reply>(route: Route<{ param: { id: string } }, R>) {
  return async (id: string) => answered(route({ param: pathParams({ id }) }, headersOf()));
}

/** Reads a list about what has an id. */
export function listOfCall<Query, R extends Reply>(
  route: Route<{ param: { id: string }; query: Partial<Query> }, R>,
) {
  return async (id: string, query: Partial<Query> = {}) =>
    answered(route({ param: pathParams({ id }), query }, headersOf()));
}

/** A change at a fixed address. */
export function changeCall<Json, R extends Reply>(route: Route<{ json: Json }, R>) {
  return async (...[json, options]: BodyAndOptions<Json>) =>
    answered(route({ json: json ?? ({} as Json) }, headersOf(options)));
}

/** A change of what has an id. */
export function changeOfCall<Json, R extends Reply>(
  route: Route<{ param: { id: string }; json: Json }, R>,
) {
  return async (id: string, ...[json, options]: BodyAndOptions<Json>) =>
    answered(route({ param: pathParams({ id }), json: json ?? ({} as Json) }, headersOf(options)));
}
