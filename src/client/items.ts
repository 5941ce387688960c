import { answered, answeredOrPending, done, type Reply } from './answers.ts';
import type { BodyOf, Rpc, StartedItem } from './api-types.ts';
import {
  type BodyAndOptions,
  type CallOptions,
  headersOf,
  type SaveOptions,
} from './call-options.ts';
import type { CommandFollower } from './commands.ts';
import { pathParams } from './path-params.ts';
import { changeOfCall, listCall, listOfCall, type Route, readCall } from './routes.ts';

/** Everything about one item: reading it, and sending it the commands of people. */
export function itemCalls(
  rpc: Rpc,
  commands: CommandFollower,
  download: (path: string) => Promise<Blob>,
) {
  const items = rpc.v1.items;
  const one = items[':id'];
  const handoff = one.handoffs[':handoffId'];
  const publication = one.publications[':pubId'];
  const decideAddendum = one['kpi-addenda'][':number'].decision.$post;
  const { settled } = commands;
  const at = (id: string) => pathParams({ id });
  const get = readCall(one.$get);

  async function actions(id: string) {
    return (await answered(one.actions.$get({ param: at(id) }))).items;
  }

  function version<R extends Reply>(
    route: Route<{ param: { id: string }; query: { hash?: string | undefined } }, R>,
  ) {
    return async (id: string, hash?: string) =>
      answered(route({ param: at(id), query: { hash } }, headersOf()));
  }

  function save<Json, R extends Reply>(route: Route<{ param: { id: string }; json: Json }, R>) {
    return async (id: string, json: Json, options?: SaveOptions) =>
      settled(route({ param: at(id), json }, headersOf(options)));
  }

  function command<Json, R extends Reply>(route: Route<{ param: { id: string }; json: Json }, R>) {
    return async (id: string, ...[json, options]: BodyAndOptions<Json>) =>
      settled(route({ param: at(id), json: json ?? ({} as Json) }, headersOf(options)));
  }

  /** A command on a part of the item that has an id of its own. */
  function commandOn<Path extends Record<string, string>, Json, R extends Reply>(
    route: Route<{ param: Path; json: Json }, R>,
    pathOf: (id: string, partId: string) => Path,
  ) {
    return async (id: string, partId: string, ...[json, options]: BodyAndOptions<Json>) => {
      const param = pathParams(pathOf(id, partId));
      return settled(route({ param, json: json ?? ({} as Json) }, headersOf(options)));
    };
  }
  const byHandoff = (id: string, handoffId: string) => ({ id, handoffId });
  const byPublication = (id: string, pubId: string) => ({ id, pubId });

  return {
    /** Starts a run; answers the item, who owns it and what comes next. */
    async start(json: BodyOf<typeof items.$post>, options?: CallOptions): Promise<StartedItem> {
      const first = await answeredOrPending(items.$post({ json }, headersOf(options)));
      if (first.pending === null) return first.body;
      const { itemId } = await commands.follow(first.pending.commandId);
      const [item, nextActions] = await Promise.all([get(itemId), actions(itemId)]);
      return { item, owner: item.owner, nextActions };
    },
    list: listCall(items.$get),
    get,
    /** Every command the caller could send now, and what stands in its way. */
    actions,
    /** A page of events and refusals, oldest first. */
    timeline: listOfCall(one.timeline.$get),

    /** The brief that counts, or the version of a hash. */
    brief: version(one.brief.$get),
    saveBrief: save(one.brief.$put),
    /** The draft that counts, or the version of a hash. */
    draft: version(one.draft.$get),
    saveDraft: save(one.draft.$put),

    /** Offers the brief handoff; in creation, submits for review. */
    offerHandoff: command(one.handoffs.$post),
    acceptHandoff: commandOn(handoff.accept.$post, byHandoff),
    declineHandoff: commandOn(handoff.decline.$post, byHandoff),
    withdrawHandoff: commandOn(handoff.withdraw.$post, byHandoff),

    /** Approves one content hash, or requests changes. */
    decideApproval: command(one.approvals.$post),
    acknowledgeRevision: command(one['acknowledge-revision'].$post),
    approvalLinks: listOfCall(one['approval-links'].$get),
    /** Whoever has the address decides once, without an account. It is in this answer and in no other. */
    addApprovalLink: changeOfCall(one['approval-links'].$post),
    revokeApprovalLink: (id: string, linkId: string) =>
      done(one['approval-links'][':linkId'].$delete({ param: pathParams({ id, linkId }) })),

    /** Links of its posts as they were sent, with their clicks. */
    links: listOfCall(one.links.$get),
    /** Links of the draft that counts, as they will be sent. */
    expectedLinks: readCall(one.draft.links.$get),

    schedule: readCall(one.schedule.$get),
    planSchedule: save(one.schedule.$put),
    unschedule: command(one.schedule.$delete),
    resolvePublication: commandOn(publication.resolve.$post, byPublication),
    skipPublication: commandOn(publication.skip.$post, byPublication),

    hold: command(one.hold.$post),
    resume: command(one.resume.$post),
    cancel: command(one.cancel.$post),
    reassign: command(one.reassign.$post),
    setCampaign: command(one.campaign.$post),
    extend: command(one.extend.$post),

    readings: listOfCall(one.readings.$get),
    /** States readings by hand; all of them are stored, or none. */
    addReadings: changeOfCall(one.readings.$post),
    /** The latest review, or an earlier one by its number. */
    kpiReview: (id: string, number?: number) =>
      answered(one['kpi-review'].$get({ param: at(id), query: { number: number?.toString() } })),
    /** The latest review as a document. */
    kpiReviewDocument: (id: string, format: 'markdown' | 'html' | 'csv') =>
      download(`/v1/items/${encodeURIComponent(id)}/kpi-review?format=${format}`),
    /** What late readings turned beside frozen reviews: a page, open ones unless `state` is `all`. */
    kpiAddenda: listCall(rpc.v1['kpi-addenda'].$get),
    /** Decides again by an addendum: once, with a reason. */
    decideKpiAddendum: (
      id: string,
      number: number,
      json: BodyOf<typeof decideAddendum>,
      options?: CallOptions,
    ) =>
      answered(
        decideAddendum(
          { param: pathParams({ id, number: number.toString() }), json },
          headersOf(options),
        ),
      ),
    openKpiReview: command(one['kpi-review'].$post),
    signOff: command(one['kpi-review']['sign-offs'].$post),

    /** Everything that is kept of the item, as a zip (admin, or the item's strategist). */
    auditPack: (id: string) => download(`/v1/items/${encodeURIComponent(id)}/audit-pack`),

    comments: listOfCall(one.comments.$get),
    comment: changeOfCall(one.comments.$post),
  };
}
