"""Made-up contexts on which templates are tried: tickets with every field, and tickets with as few as possible."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from types import NoneType
from typing import Any, Final, get_args, get_type_hints

from msgspec import Struct
from msgspec.structs import replace

from schemas.digest import (
    CollectedBy,
    DigestContext,
    DigestCounts,
    DigestMessage,
    ExternalDigest,
    InternalDigest,
    InternalDigestMessage,
)
from schemas.job import CustomValue, ExternalContext, InternalContext
from schemas.rule_file import CustomFieldSettings
from schemas.vocabulary import Trigger
from sender.messages.digest import digest_variables

# An hour that comes twice in Europe/Paris, where the clocks go back.
_MOMENT: Final = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
_LINK: Final = "https://alerts.desk.example/u/token"
_OF_TYPE: Final[Mapping[str, CustomValue]] = {"text": "a text", "number": 2, "boolean": True}


class Sample(Struct, frozen=True):
    """One made-up ticket: a description for rule authors, and the variables that a template may name."""

    words: str
    variables: dict[str, object]


def samples(
    context: type[ExternalContext] | type[InternalContext],
    custom: Mapping[str, CustomFieldSettings],
    language: str,
) -> Iterator[Sample]:
    """For each trigger: a ticket with every field, one with as few as possible, and one with null custom fields."""
    full: dict[str, CustomValue] = {name: _OF_TYPE[field.type] for name, field in custom.items()}
    nulls: dict[str, CustomValue] = dict.fromkeys(custom)
    for trigger in Trigger:
        others = [other for other in Trigger if other is not trigger]
        yield _sample("a ticket with every field", _filled(context, full), trigger, others, language, _LINK)
        yield _sample("a ticket with no optional field", _sparse(context, {}), trigger, [], language)
        yield _sample("a ticket whose custom fields are null", _filled(context, nulls), trigger, others, language)


def digest_samples(digest: type[ExternalDigest] | type[InternalDigest], language: str) -> Iterator[Sample]:
    """For each reason to collect messages: a digest with every field, and one with as few as possible."""
    kind: type[DigestMessage] = DigestMessage if digest is ExternalDigest else InternalDigestMessage
    full, sparse = _filled(kind, {}), _sparse(kind, {})
    every = [
        replace(full, trigger=trigger, other_triggers=[other for other in Trigger if other is not trigger])
        for trigger in Trigger
    ]
    few = [replace(sparse, trigger=trigger) for trigger in Trigger]
    half = [replace(full, trigger=Trigger.STATUS_CHANGED, previous_status=None)]
    for reason in CollectedBy:
        for words, messages in (("with every field", every), ("with no optional field", few), ("of a change", half)):
            is_full = messages is every
            count, name, link = (len(messages) + 1, "Zoé", _LINK) if is_full else (len(messages), None, None)
            context: Any = digest(messages, count, 1, DigestCounts(2, 1, 1, 1), reason, name)
            yield _digest_sample(f"a digest {words} ({reason})", context, language, link)


def _digest_sample(words: str, context: DigestContext, language: str, link: str | None = None) -> Sample:
    return Sample(words, digest_variables(context, language, "Europe/Paris", "[Sample]", link))


def _sample(
    words: str, context: Struct, trigger: Trigger, others: list[Trigger], language: str, link: str | None = None
) -> Sample:
    fields = {name: getattr(context, name) for name in context.__struct_fields__}
    message = {
        "trigger": trigger,
        "other_triggers": others,
        "language": language,
        "time_zone": "Europe/Paris",
        "keyword": "[Sample]",
        "unsubscribe_url": link,
    }
    return Sample(f"{words} ({trigger})", {**fields, **message})


def _filled(struct: type[Any], custom: Mapping[str, CustomValue]) -> Any:
    """A struct in which every field has a value."""
    return struct(**{name: _value(name, hint, custom, _filled) for name, hint in get_type_hints(struct).items()})


def _sparse(struct: type[Any], custom: Mapping[str, CustomValue]) -> Any:
    """A struct in which fields are null where they may be, and texts are empty."""
    return struct(
        **{
            name: None if NoneType in get_args(hint) else _value("", hint, custom, _sparse)
            for name, hint in get_type_hints(struct).items()
        }
    )


def _value(name: str, hint: Any, custom: Mapping[str, CustomValue], of_struct: Any) -> Any:
    kinds = [kind for kind in (hint, *get_args(hint)) if isinstance(kind, type)]
    if any(issubclass(kind, Struct) for kind in kinds):
        return of_struct(kinds[0], custom)
    if getattr(hint, "__origin__", None) is dict:
        return dict(custom)
    if datetime in kinds:
        return _MOMENT
    if Trigger in kinds:
        # A list of them is empty in a sparse message.
        return [] if hasattr(hint, "__origin__") else Trigger.OPENED
    # A text is its field's name, or empty in a sparse ticket; a boolean is true, or false there.
    return bool(name) if bool in kinds else name
