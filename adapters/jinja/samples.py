"""Made-up contexts on which templates are tried: tickets with every field, and tickets with as few as possible."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from types import NoneType
from typing import Any, Final, get_args, get_type_hints

from msgspec import Struct
from msgspec.structs import replace

from schemas.digest import DigestContext, DigestLine
from schemas.job import CustomValue, ExternalContext, InternalContext
from schemas.rule_file import CustomFieldSettings
from schemas.vocabulary import Trigger
from sender.messages.digest import digest_variables

# An hour that comes twice in Europe/Paris, where the clocks go back.
_MOMENT: Final = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
_OPTIONAL: Final = ("status", "product", "site", "service", "customer_name", "link")
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


def digest_samples(language: str) -> Iterator[Sample]:
    """A digest with every field, and one with as few as possible."""
    full = [
        replace(_filled(DigestLine, {}), trigger=trigger, link="https://desk.example/T-1042", saved_at=_MOMENT)
        for trigger in Trigger
    ]
    sparse = [replace(one, title="", **dict.fromkeys(_OPTIONAL)) for one in full[:1]]
    yield _digest_sample("a digest with every field", DigestContext(full, len(full) + 1, "Zoé"), language, _LINK)
    yield _digest_sample("a digest with no optional field", DigestContext(sparse, 1, None), language)


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
    # A text is its field's name, or empty in a sparse ticket; a boolean is true, or false there.
    return bool(name) if bool in kinds else name
