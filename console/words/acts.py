"""The words of acts on messages: what they are called, what they will do, and why one can't be done."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

WORDS: Final[Mapping[str, tuple[str, str]]] = {
    "act.with": ("With those that are ticked", "Pour ceux qui sont cochés"),
    "act.all": ("all on this page", "tous ceux de cette page"),
    "act.pick": ("choose: {name}, {time}", "choisir\u00a0: {name}, {time}"),
    "act.resend": ("Resend", "Renvoyer"),
    "act.cancel": ("Cancel", "Annuler"),
    "act.hold": ("Hold", "Retenir"),
    "act.release": ("Release", "Libérer"),
    "act.resend.title": ("Send again", "Renvoyer"),
    "act.cancel.title": ("Cancel messages", "Annuler des messages"),
    "act.hold.title": ("Hold messages back", "Retenir des messages"),
    "act.release.title": ("Release messages", "Libérer des messages"),
    "act.will": ("What will happen", "Ce qui va se passer"),
    "act.resend.will": (
        (
            "These are sent again at once, under the same Message-ID: who has the first copy sees one message. "
            "Who is suppressed, or has left, still gets none."
        ),
        (
            "Ils sont renvoyés aussitôt, sous le même Message-ID\u00a0: qui a déjà le premier n\u2019en "
            "voit qu\u2019un. Qui s\u2019est désinscrit, ou est parti, n\u2019en reçoit toujours pas."
        ),
    ),
    "act.cancel.will": (
        "These are not sent. They can be sent later with Resend, until they expire.",
        "Ils ne sont pas envoyés. Ils peuvent l\u2019être plus tard avec Renvoyer, jusqu\u2019à leur expiration.",
    ),
    "act.hold.will": (
        (
            "These are kept back until they are released or expire. Later messages of the same ticket to the same "
            "mailbox wait behind them."
        ),
        (
            "Ils sont retenus jusqu\u2019à leur libération ou leur expiration. Les messages suivants du même ticket "
            "pour la même boîte attendent derrière eux."
        ),
    ),
    "act.release.will": (
        (
            "These are let go: no pause holds them again. What waited for its digest or the end of quiet hours goes "
            "out at once; what something else held goes back to them."
        ),
        (
            "Ils sont relâchés\u00a0: aucune pause ne les retient plus. Ce qui attendait un récapitulatif ou la fin "
            "des heures calmes part aussitôt\u00a0; ce qu\u2019autre chose retenait y retourne."
        ),
    ),
    "act.reason": ("Why? It is kept, and told to the helpdesk", "Pourquoi\u00a0? C\u2019est conservé et transmis"),
    "act.reason.missing": ("Say why.", "Indiquez pourquoi."),
    "act.none": ("No message is chosen.", "Aucun message n\u2019est choisi."),
    "act.back": ("Change nothing", "Ne rien changer"),
    "act.left": ("These stay as they are", "Ceux-ci restent inchangés"),
    "act.done.one": ("Done: {n} message.", "C\u2019est fait\u00a0: {n} message."),
    "act.done.other": ("Done: {n} messages.", "C\u2019est fait\u00a0: {n} messages."),
    "act.resend.done": ("will be sent again", "sera renvoyé"),
    "act.cancel.done": ("cancelled", "annulé"),
    "act.hold.done": ("held", "retenu"),
    "act.release.done": ("released", "libéré"),
    "obstacle.unknown": ("it is no longer there", "il n\u2019existe plus"),
    "obstacle.changed": (
        "it has changed since you looked: look at it again",
        "il a changé depuis que vous l\u2019avez vu\u00a0: regardez-le de nouveau",
    ),
    "obstacle.forgotten": (
        "its person was forgotten: nobody knows any more whom it was for",
        "la personne a été oubliée\u00a0: nul ne sait plus à qui il était destiné",
    ),
    "obstacle.sending": (
        "it is being sent at this moment: try again when its answer has come",
        "il est en cours d\u2019envoi\u00a0: réessayez quand la réponse sera arrivée",
    ),
    "obstacle.state": ("it is {state}: that can't be done to it", "il est {state}\u00a0: cela n\u2019est pas possible"),
    "obstacle.held": ("it is held by a person already", "il est déjà retenu par une personne"),
    "obstacle.expired": (
        "its time is over: it is never sent",
        "son délai est passé\u00a0: il ne part plus",
    ),
}
