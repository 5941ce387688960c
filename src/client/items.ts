import { answered, answeredOrPending } from './answers.ts';
import type { Bodies, Queries, Rpc, StartedItem } from './api-types.ts';
import { type CallOptions, headersOf, type SaveOptions } from './call-options.ts';
import type { CommandFollower } from './commands.ts';
import { pathParams } from './path-params.ts';

/** Everything about one item: reading it, and sending it the commands of people. */
export function itemCalls(rpc: Rpc, commands: CommandFollower) {
  const items = rpc.v1.items;
  const one = items[':id'];
  const handoff = one.handoffs[':handoffId'];
  const publication = one.publications[':pubId'];
  const { settled } = commands;
  const at = (id: string) => pathParams({ id });

  async function get(id: string) {
    return answered(one.$get({ param: at(id) }));
  }
  async function actions(id: string) {
    return (await answered(one.actions.$get({ param: at(id) }))).items;
  }

  return {
    /** Starts a run; answers the item, who owns it and what comes next. */
    async start(json: Bodies['start_item'], options?: CallOptions): Promise<StartedItem> {
      const first = await answeredOrPending(items.$post({ json }, headersOf(options)));
      if (first.pending === null) return first.body;
      const { itemId } = await commands.follow(first.pending.commandId);
      const [item, nextActions] = await Promise.all([get(itemId), actions(itemId)]);
      return { item, owner: item.owner, nextActions };
    },
    list: (query: Queries['items'] = {}) => answered(items.$get({ query })),
    get,
    /** Every command the caller could send now, and what stands in its way. */
    actions,
    /** A page of events and refusals, oldest first. */
    timeline: (id: string, query: Queries['timeline'] = {}) =>
      answered(one.timeline.$get({ param: at(id), query })),

    /** The brief that counts, or the version of a hash. */
    brief: (id: string, hash?: string) =>
      answered(one.brief.$get({ param: at(id), query: { ...(hash !== undefined && { hash }) } })),
    saveBrief: (id: string, json: Bodies['save_brief'], options?: SaveOptions) =>
      settled(one.brief.$put({ param: at(id), json }, headersOf(options))),
    /** The draft that counts, or the version of a hash. */
    draft: (id: string, hash?: string) =>
      answered(one.draft.$get({ param: at(id), query: { ...(hash !== undefined && { hash }) } })),
    saveDraft: (id: string, json: Bodies['save_draft'], options?: SaveOptions) =>
      settled(one.draft.$put({ param: at(id), json }, headersOf(options))),

    /** Offers the brief handoff; in creation, submits for review. */
    offerHandoff: (id: string, json: Bodies['offer_handoff'], options?: CallOptions) =>
      settled(one.handoffs.$post({ param: at(id), json }, headersOf(options))),
    acceptHandoff: (
      id: string,
      handoffId: string,
      json: Bodies['accept_handoff'] = {},
      options?: CallOptions,
    ) =>
      settled(
        handoff.accept.$post({ param: pathParams({ id, handoffId }), json }, headersOf(options)),
      ),
    declineHandoff: (
      id: string,
      handoffId: string,
      json: Bodies['decline_handoff'],
      options?: CallOptions,
    ) =>
      settled(
        handoff.decline.$post({ param: pathParams({ id, handoffId }), json }, headersOf(options)),
      ),
    withdrawHandoff: (
      id: string,
      handoffId: string,
      json: Bodies['withdraw_handoff'] = {},
      options?: CallOptions,
    ) =>
      settled(
        handoff.withdraw.$post({ param: pathParams({ id, handoffId }), json }, headersOf(options)),
      ),

    /** Approves one content hash, or requests changes. */
    decideApproval: (id: string, json: Bodies['decide_approval'], options?: CallOptions) =>
      settled(one.approvals.$post({ param: at(id), json }, headersOf(options))),
    acknowledgeRevision: (
      id: string,
      json: Bodies['acknowledge_revision'] = {},
      options?: CallOptions,
    ) => settled(one['acknowledge-revision'].$post({ param: at(id), json }, headersOf(options))),

    schedule: (id: string) => answered(one.schedule.$get({ param: at(id) })),
    planSchedule: (id: string, json: Bodies['plan_schedule'], options?: SaveOptions) =>
      settled(one.schedule.$put({ param: at(id), json }, headersOf(options))),
    unschedule: (id: string, json: Bodies['unschedule'] = {}, options?: CallOptions) =>
      settled(one.schedule.$delete({ param: at(id), json }, headersOf(options))),
    resolvePublication: (
      id: string,
      pubId: string,
      json: Bodies['resolve_publication'],
      options?: CallOptions,
    ) =>
      settled(
        publication.resolve.$post({ param: pathParams({ id, pubId }), json }, headersOf(options)),
      ),
    skipPublication: (
      id: string,
      pubId: string,
      json: Bodies['skip_publication'] = {},
      options?: CallOptions,
    ) =>
      settled(
        publication.skip.$post({ param: pathParams({ id, pubId }), json }, headersOf(options)),
      ),

    hold: (id: string, json: Bodies['hold'], options?: CallOptions) =>
      settled(one.hold.$post({ param: at(id), json }, headersOf(options))),
    resume: (id: string, json: Bodies['resume'], options?: CallOptions) =>
      settled(one.resume.$post({ param: at(id), json }, headersOf(options))),
    cancel: (id: string, json: Bodies['cancel'], options?: CallOptions) =>
      settled(one.cancel.$post({ param: at(id), json }, headersOf(options))),
    reassign: (id: string, json: Bodies['reassign'], options?: CallOptions) =>
      settled(one.reassign.$post({ param: at(id), json }, headersOf(options))),
    extend: (id: string, json: Bodies['extend'], options?: CallOptions) =>
      settled(one.extend.$post({ param: at(id), json }, headersOf(options))),

    readings: (id: string, query: Queries['readings'] = {}) =>
      answered(one.readings.$get({ param: at(id), query })),
    /** States readings by hand; all of them are stored, or none. */
    addReadings: (id: string, json: Bodies['readings'], options?: CallOptions) =>
      answered(one.readings.$post({ param: at(id), json }, headersOf(options))),
    /** The latest review, or an earlier one by its number. */
    kpiReview: (id: string, number?: number) =>
      answered(
        one['kpi-review'].$get({
          param: at(id),
          query: { ...(number !== undefined && { number: String(number) }) },
        }),
      ),
    openKpiReview: (id: string, json: Bodies['open_kpi_review'] = {}, options?: CallOptions) =>
      settled(one['kpi-review'].$post({ param: at(id), json }, headersOf(options))),
    signOff: (id: string, json: Bodies['sign_off'], options?: CallOptions) =>
      settled(one['kpi-review']['sign-offs'].$post({ param: at(id), json }, headersOf(options))),

    comments: (id: string, query: Queries['comments'] = {}) =>
      answered(one.comments.$get({ param: at(id), query })),
    comment: (id: string, json: Bodies['comment'], options?: CallOptions) =>
      answered(one.comments.$post({ param: at(id), json }, headersOf(options))),
  };
}
