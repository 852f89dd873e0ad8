"""The words of the screen that shows a message as its reader sees it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

WORDS: Final[Mapping[str, tuple[str, str]]] = {
    "letter.title": ("As its reader sees it", "Tel que le lit son destinataire"),
    "letter.open": ("See it as its reader does", "Le voir comme son destinataire"),
    "letter.short": ("as its reader sees it", "tel qu\u2019il est lu"),
    "letter.back": ("Back to the message", "Retour au message"),
    "letter.hint": (
        "Written now, by the templates in force, and without the link to opt out, which is its reader's own.",
        "Rédigé à l\u2019instant avec les modèles en vigueur, sans le lien de désinscription, propre au destinataire.",
    ),
    "letter.headers": ("Header fields", "En-têtes"),
    "letter.html": ("As HTML", "En HTML"),
    "letter.text": ("As text", "En texte"),
    "letter.fault": (
        "The template fails, so the built-in text stands in, as it would when it is sent: {fault}",
        "Le modèle échoue\u00a0; le texte intégré le remplace, comme à l\u2019envoi\u00a0: {fault}",
    ),
    "letter.not_ready": (
        "The rules and templates are still being read: try again in a moment.",
        "Les règles et les modèles sont en cours de lecture\u00a0: réessayez dans un instant.",
    ),
    "letter.slow": (
        "Writing it took too long: try again later.",
        "Sa rédaction a pris trop de temps\u00a0: réessayez plus tard.",
    ),
    "letter.failed": (
        "It could not be written. The log says at which kind of error.",
        "Il n\u2019a pas pu être rédigé. Le journal du service indique le type d\u2019erreur.",
    ),
    "letter.others": (
        "This digest also lists tickets of customers that you may not see.",
        "Ce récapitulatif contient aussi des tickets de clients que vous ne pouvez pas voir.",
    ),
    "letter.forgotten": (
        "Its person was forgotten: its texts are no longer kept.",
        "La personne a été oubliée\u00a0: ses textes ne sont plus conservés.",
    ),
}
