"""The words of the frame around all screens, and of errors."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

WORDS: Final[Mapping[str, tuple[str, str]]] = {
    "product": ("Tocsin", "Tocsin"),
    "skip": ("Skip to content", "Aller au contenu"),
    "nav.label": ("Screens", "Écrans"),
    "sign_out": ("Sign out", "Se déconnecter"),
    "sign_in": ("Sign in", "Se connecter"),
    "back_home": ("To the start", "Retour à l\u2019accueil"),
    "error.400": ("This can\u2019t be read", "Demande illisible"),
    "error.400.more": (
        "Something in the address or the form is not what it should be. Go back and try again.",
        "Quelque chose dans l\u2019adresse ou le formulaire ne convient pas. Revenez en arrière et réessayez.",
    ),
    "error.403": ("Not for you", "Accès refusé"),
    "error.403.more": (
        "Your roles do not allow this: {roles}. Ask an administrator if you need it.",
        "Vos rôles ne le permettent pas\u00a0: {roles}. Demandez à un administrateur si vous en avez besoin.",
    ),
    "error.form": ("This form is too old", "Formulaire périmé"),
    "error.form.more": (
        (
            "Nothing was done. Your session has changed since the page was opened, or the form came from another site: "
            "open the page again and repeat it."
        ),
        (
            "Rien n\u2019a été fait. Votre session a changé depuis l\u2019ouverture de la page, ou le formulaire vient "
            "d\u2019un autre site\u00a0: rouvrez la page et recommencez."
        ),
    ),
    "error.404": ("There is no such page", "Page introuvable"),
    "error.404.more": (
        "It may have been deleted after its time, or the address is not whole.",
        "Elle a pu être supprimée à son échéance, ou l\u2019adresse est incomplète.",
    ),
    "error.429": ("Too many requests", "Trop de demandes"),
    "error.429.more": ("Wait a moment, then try again.", "Patientez un instant, puis réessayez."),
    "error.500": ("This went wrong", "Une erreur est survenue"),
    "error.500.more": (
        "The service\u2019s log says what it was. Nothing was changed by it.",
        "Le journal du service dit laquelle. Rien n\u2019a été modifié.",
    ),
    "error.503": ("Not at the moment", "Indisponible pour le moment"),
    "error.503.more": (
        "What this needs can\u2019t be reached, or is busy. Try again in a moment; nothing is lost.",
        "Une ressource nécessaire est injoignable ou occupée. Réessayez dans un instant\u00a0; rien n\u2019est perdu.",
    ),
    "times.zone": ("Times are those of {zone}", "Heures de {zone}"),
}
