"""The words of the ledger and of decisions: states, holds, changes, triggers, channels, categories and reasons."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

WORDS: Final[Mapping[str, tuple[str, str]]] = {
    "state.queued": ("queued", "en file"),
    "state.sending": ("sending", "envoi en cours"),
    "state.unknown": ("unknown", "incertain"),
    "state.held": ("held", "retenu"),
    "state.bundled": ("bundled", "regroupé"),
    "state.delivered": ("delivered", "remis"),
    "state.failed": ("failed", "échoué"),
    "state.expired": ("expired", "expiré"),
    "state.dropped": ("dropped", "écarté"),
    "state.cancelled": ("cancelled", "annulé"),
    "state.withdrawn": ("withdrawn", "retiré"),
    "hold.storm": ("storm", "rafale"),
    "hold.digest": ("digest", "récapitulatif"),
    "hold.quiet": ("quiet hours", "heures calmes"),
    "hold.mode": ("not live", "pas en service"),
    "hold.paused": ("pause", "pause"),
    "hold.person": ("by a person", "par une personne"),
    "change.accepted": ("taken in", "accepté"),
    "change.diverted": ("taken in as another trigger", "accepté sous un autre motif"),
    "change.dropped": ("dropped: another save had told it", "écarté\u00a0: déjà annoncé"),
    "change.claimed": ("taken for a try", "pris pour un essai"),
    "change.delivered": ("the relay took it", "accepté par le relais"),
    "change.refused": ("refused for good", "refusé définitivement"),
    "change.deferred": ("put off", "reporté"),
    "change.undecided": ("no answer came", "sans réponse"),
    "change.lapsed": ("the sender was lost", "expéditeur perdu"),
    "change.freed": ("given back", "rendu"),
    "change.broken": ("could not be written", "rédaction impossible"),
    "change.gave_up": ("given up", "abandonné"),
    "change.left_unknown": ("ended, perhaps arrived", "terminé, peut-être arrivé"),
    "change.expired": ("expired", "expiré"),
    "change.held": ("held", "retenu"),
    "change.released": ("released by a person", "libéré par une personne"),
    "change.resumed": ("let go", "relâché"),
    "change.carries": ("carries a digest", "porte un récapitulatif"),
    "change.bundled": ("put into a digest", "mis dans un récapitulatif"),
    "change.divided": ("its digest was too large: halved", "récapitulatif trop grand\u00a0: divisé"),
    "change.cancelled": ("cancelled by a person", "annulé par une personne"),
    "change.withdrawn": ("withdrawn", "retiré"),
    "change.resent": ("sent anew by a person", "renvoyé par une personne"),
    "trigger.opened": ("opened", "ouverture"),
    "trigger.resolved": ("resolved", "résolution"),
    "trigger.closed": ("closed", "clôture"),
    "trigger.status_changed": ("status changed", "changement de statut"),
    "channel.email": ("e-mail", "courriel"),
    "channel.fax": ("fax", "fax"),
    "channel.sms": ("SMS", "SMS"),
    "channel.chat": ("chat", "messagerie"),
    "object.product": ("product", "produit"),
    "object.site": ("site", "site"),
    "object.contract": ("contract", "contrat"),
    "object.service": ("service", "service"),
    "object.customer": ("customer", "client"),
    "reason.no_trigger": (
        "the save neither opened, resolved or closed the ticket nor changed its status",
        "l\u2019enregistrement n\u2019a ni ouvert, ni résolu, ni clos le ticket, ni changé son statut",
    ),
    "reason.notify_off": (
        "the platform forbade alerts for the save (data.notify)",
        "la plateforme a interdit les alertes pour cet enregistrement (data.notify)",
    ),
    "reason.origin": (
        "the save came from an import, a merge, a test or an automatic answer (data.origin)",
        "il vient d\u2019un import, d\u2019une fusion, d\u2019un test ou d\u2019une réponse automatique (data.origin)",
    ),
    "reason.stale": (
        "the event was too old when it was decided (the rule file's stale_after_hours)",
        "l\u2019événement était trop ancien au moment de la décision (stale_after_hours)",
    ),
    "reason.no_contract": ("the ticket named no contract", "le ticket n\u2019indiquait aucun contrat"),
    "reason.unknown_contract": (
        "the directory had no record of the ticket's contract",
        "l\u2019annuaire ne connaissait pas le contrat du ticket",
    ),
    "reason.not_commitment": (
        "the contract was not of type commitment",
        "le contrat n\u2019était pas de type engagement",
    ),
    "reason.alerts_disabled": (
        "alerts were disabled on the contract",
        "les alertes étaient désactivées sur le contrat",
    ),
    "reason.not_in_force": (
        "the contract was not active, or the ticket was created outside its dates",
        "le contrat n\u2019était pas actif, ou le ticket a été créé hors de ses dates",
    ),
    "reason.category_off": (
        "the contract's tick for {category} was off",
        "la case {category} du contrat n\u2019était pas cochée",
    ),
    "reason.object_not_attached": (
        "the {object} that the ticket named was not attached to the contract",
        "l\u2019élément ({object}) nommé par le ticket n\u2019était pas rattaché au contrat",
    ),
    "reason.object_unknown": (
        "the directory had no record of the {object} that the ticket named",
        "l\u2019annuaire ne connaissait pas l\u2019élément ({object}) nommé par le ticket",
    ),
    "reason.no_rule": (
        "no rule for {category} matched{trigger}",
        "aucune règle pour {category} ne correspondait{trigger}",
    ),
    "reason.unknown_person": (
        "the directory had no record of the person",
        "l\u2019annuaire ne connaissait pas la personne",
    ),
    "reason.no_active_mode": (
        "they had no active address on a channel by which a rule would have told them{channel}",
        "aucune adresse active sur un canal qu\u2019une règle aurait utilisé{channel}",
    ),
    "reason.customer_trigger_off": (
        "no record of a customer of theirs had it enabled{trigger}",
        "aucune fiche d\u2019un de leurs clients ne l\u2019avait activé{trigger}",
    ),
    "reason.not_main_site": (
        "the contact was not linked to a main site of their customer, as e-mails ask for",
        "le contact n\u2019était pas rattaché au site principal de son client, requis pour les courriels",
    ),
    "reason.own_tick_off": (
        "the person's own tick was off{trigger}",
        "la case de la personne n\u2019était pas cochée{trigger}",
    ),
    "reason.not_visible": (
        "customers could not see the ticket, or the save",
        "les clients ne pouvaient pas voir le ticket, ou l\u2019enregistrement",
    ),
    "reason.not_own": (
        "the ticket was not of the contact's customer, nor of one they act for",
        "le ticket n\u2019était ni du client du contact, ni d\u2019un client pour lequel il agit",
    ),
    "reason.status_internal": (
        "the status that customers see did not change",
        "le statut visible par les clients n\u2019a pas changé",
    ),
    "reason.own_save": (
        "the person made the save, or it was made with an e-mail address of theirs",
        "la personne a fait cet enregistrement, ou il l\u2019a été avec une de ses adresses",
    ),
    "reason.suppressed": (
        "a suppression stood for the person, or for every address of theirs{trigger}{channel}",
        "une opposition existait pour la personne, ou pour chacune de ses adresses{trigger}{channel}",
    ),
    "reason.same_mailbox": (
        "a contact who reads the same mailbox got the message",
        "un contact lisant la même boîte a reçu le message",
    ),
    "reason.unreadable_record": (
        "the directory's record {record} could not be read",
        "la fiche {record} de l\u2019annuaire était illisible",
    ),
}
