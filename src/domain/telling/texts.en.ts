/** What notices and the messages with them say in English. `{…}` is a field of the notice. */
export const TEXTS_EN = {
  'asked.offer_handoff': '“{title}” waits for its brief: complete it and offer it.',
  'asked.accept_handoff': '“{title}” is offered to you: accept or decline the handoff.',
  'asked.submit_for_review': '“{title}” waits for its draft: write it and submit it for review.',
  'asked.acknowledge_revision':
    '“{title}” has passed its limit of revisions: acknowledge the next round.',
  'asked.decide_approval': '“{title}” waits for your approval as {role}.',
  'asked.release_campaign':
    '“{title}” waits for the gate of its campaign: release the campaign when it may go out.',
  'asked.plan_schedule': '“{title}” waits for its plan: choose accounts and times.',
  'asked.resolve_publication': 'A post of “{title}” waits for you to say what became of it.',
  'asked.sign_off': 'The KPI review of “{title}” waits for your sign-off as {role}.',
  'asked.resume': '“{title}” is on hold: resume it when it can go on.',
  'asked.other': '“{title}” waits for you as {role}.',
  'campaign.released': 'The gate of the campaign “{name}” is open: its items may be planned.',
  'campaign.paused': 'The campaign “{name}” is paused.',
  'campaign.resumed': 'The campaign “{name}” goes on.',
  'campaign.cancelled': 'The campaign “{name}” is cancelled.',
  'campaign.review_opened': 'The KPI review of the campaign “{name}” waits for its sign-offs.',
  'campaign.review_returned':
    'Nobody agreed to the decision on the campaign “{name}”: the strategist decides again.',
  'campaign.review_closed': 'The KPI review of the campaign “{name}” is signed.',
  'asked.stands_in': '“{title}” waits for {name} ({role}), who is away. You are the backup.',
  'reminder.responsible':
    'Reminder: “{title}” ({stage}) still waits for you as {role}. {percent} % of its time is over; it is due {dueAt}.',
  'reminder.backup':
    '“{title}” ({stage}) waits for {name}, whose backup you are. {percent} % of its time is over; it is due {dueAt}.',
  'reminder.again': 'Reminder: “{title}” ({stage}) still waits for you as {role}.',
  'reminder.stands_in':
    'Reminder: “{title}” ({stage}) waits for {name} ({role}), who is away. You are the backup.',
  'breach.responsible':
    '“{title}” ({stage}) is overdue since {dueAt} and waits for you as {role}. Your backup may act now.',
  'breach.backup':
    '“{title}” ({stage}) is overdue since {dueAt} and waits for {name}. You are the backup and may act now.',
  'breach.accountable':
    '“{title}” ({stage}) is overdue since {dueAt} and waits for {role}. You answer for this stage.',
  'breach.leadership':
    '“{title}” ({stage}) has taken {percent} % of its time, due since {dueAt}, and still waits for {role}.',
  'breach.hold':
    '“{title}” ({stage}) was overdue since {dueAt}. As its playbook says, it is now on hold.',
  'breach.return':
    '“{title}” ({stage}) was overdue since {dueAt}. As its playbook says, it went back.',
  'breach.cancel':
    '“{title}” ({stage}) was overdue since {dueAt}. As its playbook says, it is cancelled.',
  'escalation.revision_limit':
    '“{title}” has passed its limit of revisions (round {round}): the strategist has to acknowledge it.',
  'decided.approved': '{name} approved “{title}” as {role}.',
  'decided.accepted': '{name} accepted the handoff of “{title}”.',
  'decided.review_closed': 'The KPI review of “{title}” is closed: {decision}.',
  'review.flipped':
    'Late readings turn {kpi} of “{title}” from {was} to {is}: decide about the addendum to its KPI review.',
  'decided.cancelled': '“{title}” is cancelled.',
  voided: 'The approvals of “{title}” are void: its content changed.',
  'returned.changes_requested': '{name} ({role}) asked for changes in “{title}”: {reason}.',
  'returned.declined': '{name} declined the handoff of “{title}”: {reason}.',
  'returned.content': 'A post of “{title}” was not sent and went back to its gate: {evidence}',
  published: '“{title}” is published on {channel}.',
  'trouble.rejected': '{channel} refused a post of “{title}”: {evidence}',
  'trouble.unknown': 'Nobody knows whether a post of “{title}” is out on {channel}: look and say.',
  'trouble.missed': 'A post of “{title}” missed its slot on {channel}: {evidence}',
  'trouble.released': 'A slot of “{title}” on {channel} was released: {evidence}',
  finding: 'The audit found {code} ({severity}): {message}',
  administrative: '{name} changed the workspace: {act} {target}.',
  'message.digest': '{count} notices',
  'message.item': 'Item: {place}',
  'message.why': 'Baton sent this because your work is waited for, or because you are told of it.',
  'message.more': 'Choose what you are told, and when: PUT /v1/me/preferences.',
  'answer.approve': 'Approve',
  'answer.accept': 'Accept',
} as const;
