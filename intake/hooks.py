"""A helpdesk's webhook, from the post to its answer: is it known, who posts, what is said, is its event in the log."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

from msgspec import Struct

from intake.acceptance import Acceptance, Answer, Delivery, Refused
from intake.kept_posts import letter_of
from intake.mappings import mapping as mappings
from intake.mappings.lookup import DirectoryLookup
from intake.observation import Ignored, Observation
from intake.post import Post
from intake.signatures.challenge import answer as challenge_answer
from intake.signatures.verifying import Doubt, Verifier
from schemas.refusal import Refusal, RefusedError
from schemas.signature import Scheme

NamedMapping: TypeAlias = Callable[[str], mappings.Mapping | None]
"""The mapping in force of a hook's name, or None."""


class UnknownHook(Struct, frozen=True):
    """There is no mapping of this name in force."""


class Unsecured(Struct, frozen=True):
    """The hook takes no posts, since nothing could tell who sends them. `why` says what to do about it."""

    why: str


class Doubted(Struct, frozen=True):
    """The post does not come from whom it says it does."""

    doubt: Doubt


class Crowded(Struct, frozen=True):
    """The hook's helpdesk posts too often: again in so many seconds. Nothing was kept."""

    wait: float


class Kept(Struct, frozen=True):
    """The post makes no event, and its helpdesk would send it for ever: it is kept as a dead letter."""

    error: RefusedError


HookAnswer: TypeAlias = Answer | UnknownHook | Unsecured | Doubted | Crowded | Kept

Pacing: TypeAlias = Callable[[str], float]
"""Counts a post to the hook of this name: 0 where it may come, else the seconds until one may."""


def unpaced(_name: str) -> float:
    """As many posts as come."""
    return 0.0


class Remarks:
    """Told what a mapping could not tell of a post that was taken in all the same. This one passes over it."""

    def warned(self, hook: str, warnings: Sequence[Refusal]) -> None:
        """Warnings that name fields, without values."""


class Hooks:
    """All hooks. It may be shared between threads, as far as what it is given may.

    `secrets` are those of each hook, by its name.
    """

    def __init__(
        self,
        mapping: NamedMapping,
        secrets: Mapping[str, Sequence[str]],
        lookup: DirectoryLookup,
        acceptance: Acceptance,
        remarks: Remarks | None = None,
        pacing: Pacing = unpaced,
    ) -> None:
        self._mapping = mapping
        self._secrets = secrets
        self._lookup = lookup
        self._acceptance = acceptance
        self._remarks = remarks or Remarks()
        self._pacing = pacing

    def take(self, name: str, post: Post) -> HookAnswer:
        """Take in a post to the hook of this name."""
        mapping = self._mapping(name)
        if mapping is None:
            return UnknownHook()
        try:
            verifier = self._verifier(mapping)
        except ValueError as error:
            return Unsecured(str(error))
        doubt = verifier.doubt(post)
        if doubt is not None:
            return Doubted(doubt)
        # Once it is known who posts: else anybody could use up what a helpdesk may post.
        if wait := self._pacing(name):
            return Crowded(wait)
        answer = self._acceptance.webhook(Delivery(post.body, lambda: self._read(mapping, post), trace=post.trace))
        if isinstance(answer, Refused) and mapping.on_malformed == "accept":
            proof = None if mapping.signature is None else mapping.signature.header
            secrets = self._secrets.get(name, ())
            kept = self._acceptance.keep(letter_of(name, post, answer.error, secrets, proof))
            return kept or Kept(answer.error)
        return answer

    def again(self, name: str, post: Post) -> HookAnswer:
        """Take in a post that was kept as a dead letter: it was known then who had sent it."""
        mapping = self._mapping(name)
        if mapping is None:
            return UnknownHook()
        return self._acceptance.webhook(Delivery(post.body, lambda: self._read(mapping, post), trace=post.trace))

    def challenge(self, name: str, query: Mapping[str, str]) -> str | None:
        """The answer to a helpdesk that asks, before it posts, whether we know the secret; None: no such question."""
        mapping = self._mapping(name)
        if mapping is None or mapping.signature is None:
            return None
        return challenge_answer(mapping.signature, self._secrets.get(name, ()), query)

    def _verifier(self, mapping: mappings.Mapping) -> Verifier:
        """Raises ValueError, with words for people, where posts can't be verified."""
        if mapping.signature is None:
            said = "its mapping does not say who may post: add `signature: {scheme: …}`, of which there are"
            raise ValueError(f"{said} {', '.join(Scheme)}")
        return Verifier(mapping.signature, self._secrets.get(mapping.name, ()))

    def _read(self, mapping: mappings.Mapping, post: Post) -> Observation | Ignored:
        said = mappings.apply(mapping, post, self._lookup)
        if isinstance(said, Ignored):
            return said
        if said.warnings:
            self._remarks.warned(mapping.name, said.warnings)
        return said.observation
