import { answered, done } from './answers.ts';
import type { Rpc } from './api-types.ts';
import { changeCall, changeOfCall, listCall } from './routes.ts';

/** What the caller is told, and how they want to be told. */
export function noticeCalls(rpc: Rpc) {
  const { v1 } = rpc;
  return {
    /** A page of what the caller is told, newest first. */
    list: listCall(v1.notifications.$get),
    /** Marks one as read. */
    read: changeOfCall(v1.notifications[':id'].read.$post),
    /** Marks all up to an instant as read. */
    readAll: changeCall(v1.notifications.read.$post),
    /** A page of mail and Slack messages, as the admin. */
    sends: listCall(v1['notification-sends'].$get),
    /** Who the caller is. */
    me: () => answered(v1.me.$get()),
    preferences: () => answered(v1.me.preferences.$get()),
    savePreferences: changeCall(v1.me.preferences.$put),
    /** Where Slack messages go to members without a channel of their own, as the admin. */
    saveSlackChannel: changeCall(v1['slack-channel'].$put),
    removeSlackChannel: () => done(v1['slack-channel'].$delete()),
  };
}
