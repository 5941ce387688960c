import type { TEXTS_EN } from './texts.en.ts';

/** What notices say in French. */
export const TEXTS_FR: Record<keyof typeof TEXTS_EN, string> = {
  'asked.offer_handoff': '« {title} » attend son brief : complétez-le et proposez-le.',
  'asked.accept_handoff': '« {title} » vous est proposé : acceptez ou refusez la passation.',
  'asked.submit_for_review':
    '« {title} » attend son texte : rédigez-le et soumettez-le à la relecture.',
  'asked.acknowledge_revision':
    '« {title} » a dépassé sa limite de révisions : prenez acte du prochain tour.',
  'asked.decide_approval': '« {title} » attend votre approbation ({role}).',
  'asked.release_campaign':
    '« {title} » attend l’ouverture de sa campagne : ouvrez-la quand il peut paraître.',
  'asked.plan_schedule': '« {title} » attend son plan : choisissez les comptes et les heures.',
  'asked.resolve_publication':
    'Une publication de « {title} » attend que vous disiez ce qu’elle est devenue.',
  'asked.sign_off': 'La revue des KPI de « {title} » attend votre signature ({role}).',
  'asked.resume': '« {title} » est en pause : reprenez-le quand il peut continuer.',
  'asked.other': '« {title} » vous attend ({role}).',
  'campaign.released': 'La campagne « {name} » est ouverte : ses contenus peuvent être planifiés.',
  'campaign.paused': 'La campagne « {name} » est en pause.',
  'campaign.resumed': 'La campagne « {name} » continue.',
  'campaign.cancelled': 'La campagne « {name} » est annulée.',
  'campaign.review_opened': 'La revue des KPI de la campagne « {name} » attend ses signatures.',
  'campaign.review_returned':
    'Personne n’approuve la décision sur la campagne « {name} » : le stratège décide à nouveau.',
  'campaign.review_closed': 'La revue des KPI de la campagne « {name} » est signée.',
  'asked.stands_in':
    '« {title} » attend {name} ({role}), qui est absent. Vous êtes son remplaçant.',
  'reminder.responsible':
    'Rappel : « {title} » ({stage}) vous attend toujours ({role}). {percent} % du délai est écoulé ; échéance : {dueAt}.',
  'reminder.backup':
    '« {title} » ({stage}) attend {name}, que vous remplacez. {percent} % du délai est écoulé ; échéance : {dueAt}.',
  'reminder.again': 'Rappel : « {title} » ({stage}) vous attend toujours ({role}).',
  'reminder.stands_in':
    'Rappel : « {title} » ({stage}) attend {name} ({role}), qui est en congé. Vous êtes son remplaçant.',
  'breach.responsible':
    '« {title} » ({stage}) est en retard depuis {dueAt} et vous attend ({role}). Votre remplaçant peut agir.',
  'breach.backup':
    '« {title} » ({stage}) est en retard depuis {dueAt} et attend {name}. Vous êtes son remplaçant et pouvez agir.',
  'breach.accountable':
    '« {title} » ({stage}) est en retard depuis {dueAt} et attend : {role}. Vous répondez de cette étape.',
  'breach.leadership':
    '« {title} » ({stage}) a pris {percent} % de son délai, échu depuis {dueAt}, et attend toujours : {role}.',
  'breach.hold':
    '« {title} » ({stage}) était en retard depuis {dueAt}. Selon son playbook, il est mis en pause.',
  'breach.return':
    '« {title} » ({stage}) était en retard depuis {dueAt}. Selon son playbook, il est renvoyé.',
  'breach.cancel':
    '« {title} » ({stage}) était en retard depuis {dueAt}. Selon son playbook, il est annulé.',
  'escalation.revision_limit':
    '« {title} » a dépassé sa limite de révisions (tour {round}) : la stratège doit en prendre acte.',
  'decided.approved': '{name} a approuvé « {title} » ({role}).',
  'decided.accepted': '{name} a accepté la passation de « {title} ».',
  'decided.review_closed': 'La revue des KPI de « {title} » est close : {decision}.',
  'review.flipped':
    'Des mesures tardives font passer {kpi} de « {title} » de {was} à {is} : décidez de l’addendum à sa revue KPI.',
  'decided.cancelled': '« {title} » est annulé.',
  voided: 'Les approbations de « {title} » sont caduques : son contenu a changé.',
  'returned.changes_requested':
    '{name} ({role}) demande des modifications de « {title} » : {reason}.',
  'returned.declined': '{name} a refusé la passation de « {title} » : {reason}.',
  'returned.content':
    'Une publication de « {title} » n’est pas partie et retourne à sa validation : {evidence}',
  published: '« {title} » est publié sur {channel}.',
  'trouble.rejected': '{channel} a refusé une publication de « {title} » : {evidence}',
  'trouble.unknown':
    'Nul ne sait si une publication de « {title} » est en ligne sur {channel} : regardez et dites-le.',
  'trouble.missed':
    'Une publication de « {title} » a manqué son créneau sur {channel} : {evidence}',
  'trouble.released': 'Un créneau de « {title} » sur {channel} a été libéré : {evidence}',
  finding: 'L’audit a trouvé {code} ({severity}) : {message}',
  administrative: '{name} a modifié l’espace de travail : {act} {target}.',
  'message.digest': '{count} messages',
  'message.item': 'Contenu : {place}',
  'message.why':
    'Baton vous envoie ce message parce que votre travail est attendu, ou pour vous en informer.',
  'message.more': 'Choisissez ce que vous recevez, et quand : PUT /v1/me/preferences.',
  'answer.approve': 'Approuver',
  'answer.accept': 'Accepter',
};
