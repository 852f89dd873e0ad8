"""The words of signing in, invitations, and one's own account."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

WORDS: Final[Mapping[str, tuple[str, str]]] = {
    "role.reader": ("reader", "lecteur"),
    "role.agent": ("agent", "agent"),
    "role.operator": ("operator", "exploitant"),
    "role.manager": ("manager", "responsable"),
    "role.admin": ("administrator", "administrateur"),
    "sign_in.title": ("Sign in", "Connexion"),
    "sign_in.name": ("Name", "Nom"),
    "sign_in.password": ("Password", "Mot de passe"),
    "sign_in.refused": (
        "Name or password is wrong. Whoever has no password yet needs a link from an administrator.",
        "Nom ou mot de passe incorrect. Sans mot de passe, demandez un lien à un administrateur.",
    ),
    "sign_in.wait": (
        "There were too many tries. Try again in {time}.",
        "Trop de tentatives. Réessayez dans {time}.",
    ),
    "sign_in.ended": ("You are signed out.", "Vous êtes déconnecté."),
    "invited.title": ("Choose your password", "Choisissez votre mot de passe"),
    "invited.first": ("Who are you?", "Qui êtes-vous\u00a0?"),
    "invited.first.lead": (
        "You are the first person here, and become the administrator. Choose a name and a password.",
        "Vous êtes la première personne ici et devenez administrateur. Choisissez un nom et un mot de passe.",
    ),
    "invited.lead": ("The password for {name}.", "Le mot de passe pour {name}."),
    "invited.once": (
        "This link works once, until {until}.",
        "Ce lien fonctionne une seule fois, jusqu\u2019au {until}.",
    ),
    "invited.over": ("This link is over", "Ce lien n\u2019est plus valable"),
    "invited.over.more": (
        (
            "It was used already, or its time ended. An administrator can make another one: "
            "tocsin console user invite NAME."
        ),
        (
            "Il a déjà servi, ou son délai est écoulé. Un administrateur peut en créer un autre\u00a0: "
            "tocsin console user invite NOM."
        ),
    ),
    "invited.button": ("Save and sign in", "Enregistrer et se connecter"),
    "password.rule": (
        "At least {n} characters. Several words are good; nothing else is asked.",
        "Au moins {n} caractères. Plusieurs mots conviennent\u00a0; rien d\u2019autre n\u2019est exigé.",
    ),
    "password.short": ("The password is too short.", "Le mot de passe est trop court."),
    "password.long": ("The password is too long.", "Le mot de passe est trop long."),
    "password.guessed": (
        "This password would be guessed at once: choose another one.",
        "Ce mot de passe serait deviné aussitôt\u00a0: choisissez-en un autre.",
    ),
    "password.wrong": ("The present password is wrong.", "Le mot de passe actuel est incorrect."),
    "name.wrong": (
        "A name has letters, digits, blanks and . @ + - _ ', and begins with a letter or digit.",
        "Un nom comporte des lettres, chiffres, espaces et . @ + - _ ', et commence par une lettre ou un chiffre.",
    ),
    "me.title": ("My account", "Mon compte"),
    "me.roles": ("Roles", "Rôles"),
    "me.customers": ("Customers", "Clients"),
    "me.customers.all": ("all", "tous"),
    "me.preferences": ("Language and time", "Langue et heure"),
    "me.language": ("Language", "Langue"),
    "me.language.browser": ("As the browser says", "Selon le navigateur"),
    "me.zone": ("Time zone", "Fuseau horaire"),
    "me.zone.hint": ("Such as Europe/Paris. Empty: UTC.", "Par exemple Europe/Paris. Vide\u00a0: UTC."),
    "me.zone.wrong": ("There is no such time zone.", "Ce fuseau horaire n\u2019existe pas."),
    "me.save": ("Save", "Enregistrer"),
    "me.saved": ("Saved.", "Enregistré."),
    "me.password": ("Password", "Mot de passe"),
    "me.password.present": ("Present password", "Mot de passe actuel"),
    "me.password.new": ("New password", "Nouveau mot de passe"),
    "me.password.button": ("Change the password", "Changer le mot de passe"),
    "me.password.done": (
        "The password is changed. You are signed out everywhere else.",
        "Le mot de passe est changé. Vous êtes déconnecté partout ailleurs.",
    ),
    "me.sessions": ("Where you are signed in", "Vos sessions"),
    "me.sessions.device": ("Browser", "Navigateur"),
    "me.sessions.began": ("Since", "Depuis"),
    "me.sessions.seen": ("Last used", "Dernière utilisation"),
    "me.sessions.this": ("this one", "celle-ci"),
    "me.sessions.end_all": ("Sign out everywhere", "Se déconnecter partout"),
}
