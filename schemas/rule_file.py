"""What rule authors write: the content of a rule file, before it is checked for meaning."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import Meta, Struct

from schemas.calendars import CalendarName, CalendarSettings
from schemas.language_tags import MOST_LANGUAGES, WrittenTag
from schemas.reading import END
from schemas.vocabulary import Audience, Category, Channel, MessageFormat, Trigger

Name = Annotated[str, Meta(min_length=1, max_length=80, pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]*" + END)]
TemplateName = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=120,
        pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]*(?:/[A-Za-z0-9][A-Za-z0-9_-]*)*" + END,
        description="A template by its path below the templates folder, without its ending: `external/opened`.",
    ),
]
LanguageTag = Annotated[str, Meta(min_length=2, max_length=35, description="A language as in RFC 5646: `fr`, `pt-BR`.")]
LocalText = Annotated[
    str | dict[LanguageTag, str],
    Meta(description="One text for all languages, or one for each language."),
]
Keyword = Annotated[LocalText, Meta(description="What stands before the subject: one text, or one for each language.")]
Format = Annotated[MessageFormat, Meta(description="Whether messages have an HTML part or are text alone.")]
Hours = Annotated[int, Meta(ge=1, le=8_784, description="Whole hours, at most 366 days.")]
Whom = Literal[
    "all",
    "contacts",
    "collaborators",
    "product.contacts",
    "product.collaborators",
    "site.contacts",
    "site.collaborators",
    "contract.contacts",
    "contract.collaborators",
    "service.contacts",
    "service.collaborators",
    "customer.contacts",
    "customer.collaborators",
]
"""One recipient category, all of one audience, or all ten."""


def categories_of(whom: str) -> tuple[Category, ...]:
    """The categories that a word of Whom stands for, in their order."""
    # An audience and a category are texts, which equal the words.
    return tuple(category for category in Category if whom in ("all", category.audience, category))


class FormSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """How the messages for one trigger are written."""

    template: TemplateName
    keyword: Keyword = ""
    format: Format = MessageFormat.HTML


class AudienceForms(Struct, frozen=True, forbid_unknown_fields=True):
    """A form for each trigger, and one for digests."""

    opened: Annotated[FormSettings, Meta(description="For a ticket that was opened.")]
    resolved: Annotated[FormSettings, Meta(description="For a ticket whose contractual resolution was marked.")]
    closed: Annotated[FormSettings, Meta(description="For a ticket that was closed on the customer's side.")]
    status_changed: Annotated[FormSettings, Meta(description="For a ticket whose status changed.")]
    digest: Annotated[
        FormSettings | None,
        Meta(description="For several messages in one, those of a storm too; left out: a built-in text."),
    ] = None


class FaxSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """The one template of all faxes, and that of digests by fax. They may name only what contacts may see."""

    template: TemplateName
    keyword: Keyword = ""
    digest: Annotated[
        TemplateName | None, Meta(description="The template of digests by fax; left out: a built-in text.")
    ] = None


class TextSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """The one template of all text messages, or of all chats. It may name only what contacts may see."""

    template: TemplateName


class Defaults(Struct, frozen=True, forbid_unknown_fields=True):
    """What is used where neither the customer's record nor a rule names a template, keyword or format."""

    contacts: Annotated[AudienceForms, Meta(description="For contacts whose customer's record says nothing else.")]
    collaborators: Annotated[AudienceForms, Meta(description="For collaborators, whose messages are internal.")]
    fax: Annotated[FaxSettings, Meta(description="For every fax, whoever gets it.")]
    sms: Annotated[
        TextSettings | None, Meta(description="For every text message; left out: a built-in short text.")
    ] = None
    chat: Annotated[
        TextSettings | None, Meta(description="For every chat message; left out: a built-in short text.")
    ] = None


class CustomFieldSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """A custom field of the platform's tickets. Only an `external` one can appear in messages to contacts."""

    type: Annotated[
        Literal["text", "number", "boolean"],
        Meta(description="What the platform writes into it; only numbers can be compared by order."),
    ]
    external: Annotated[bool, Meta(description="Whether contacts may see it in their messages.")] = False
    meaning: Annotated[str, Meta(description="What it says, for people who read the rules.")] = ""
    values: (
        Annotated[
            list[str],
            Meta(min_length=1, description="The only texts that it has, where they are known: another is an error."),
        ]
        | None
    ) = None


class Settings(Struct, frozen=True, forbid_unknown_fields=True):
    """What holds for all rules of the file."""

    language: Annotated[LanguageTag, Meta(description="For people whose own language has no templates.")] = "en"
    languages: Annotated[list[LanguageTag], Meta(min_length=1, description="Languages that have templates.")] = (
        msgspec.field(default_factory=lambda: ["en", "fr"])
    )
    time_zone: Annotated[str, Meta(description="IANA time zone for people and customers without one.")] = "UTC"
    fax_region: Annotated[
        str | None,
        Meta(description="Region (ISO 3166, `FR`) of numbers (fax, SMS) that are written without + and code."),
    ] = None
    stale_after_hours: Annotated[Hours, Meta(description="Events older than this alert nobody.")] = 72
    deliver_within_hours: Annotated[
        Hours, Meta(description="A job not delivered this long after it was made expires.")
    ] = 72
    when_unnamed: Annotated[
        dict[str, Literal["all", "none"]],
        Meta(
            description="Whom a ticket reaches that names no product, site or service: `all` attached (as when not "
            "mentioned) or `none`. Keys: product, site, service, or one category such as `site.contacts`."
        ),
    ] = {}
    main_site: Annotated[
        Literal["required", "not_for_site", "not_required"],
        Meta(description="Whether contacts must be linked to their customer's main site to get e-mails."),
    ] = "required"
    statuses: Annotated[
        dict[str, Literal["internal"] | dict[LanguageTag, str]],
        Meta(description="For each status: the label that customers see, per language, or `internal`."),
    ] = {}
    fields: Annotated[
        dict[str, CustomFieldSettings], Meta(description="The custom fields that rules and messages use.")
    ] = {}


class ChannelTemplates(Struct, frozen=True, forbid_unknown_fields=True):
    """A template for each channel; for one that is left out, what would be used without this rule."""

    email: TemplateName | None = None
    fax: TemplateName | None = None
    sms: TemplateName | None = None
    chat: TemplateName | None = None


class Send(Struct, frozen=True, forbid_unknown_fields=True):
    """What a rule says of the messages that it causes; what is left out comes from the customer or the defaults."""

    template: (
        Annotated[
            TemplateName | ChannelTemplates, Meta(description="The template of e-mails, or one for each channel.")
        ]
        | None
    ) = None
    keyword: Keyword | None = None
    format: Format | None = None
    channels: (
        Annotated[
            list[Channel],
            Meta(min_length=1, description="The channels on which this rule tells people; left out: all of them."),
        ]
        | None
    ) = None
    digest: (
        Annotated[
            str,
            Meta(
                description="Collect the messages of one mailbox into one: `hourly`, `daily at HH:MM` or `weekly on "
                "DAY at HH:MM`, in the reader's time zone. Another rule that matches without it sends at once.",
                examples=["hourly", "daily at 08:00", "weekly on monday at 08:00"],
            ),
        ]
        | None
    ) = None
    languages: (
        Annotated[
            list[WrittenTag],
            Meta(
                min_length=1,
                description="Several languages, all in one message, the first one first; left out: the reader's own.",
                examples=[["fr", "en"]],
                extra_json_schema={"maxItems": MOST_LANGUAGES, "uniqueItems": True},
            ),
        ]
        | None
    ) = None
    quiet: (
        Annotated[
            str,
            Meta(
                description="Hold messages while one of the file's `calendars` is closed: `outside CALENDAR`. Another "
                "rule that matches without it sends at once.",
                examples=["outside support"],
            ),
        ]
        | None
    ) = None


class RuleEntry(Struct, frozen=True, forbid_unknown_fields=True, rename={"for_": "for", "if_": "if"}):
    """One rule: put in force by the contract's tick `for` its category, `on` some triggers, `if` a condition holds."""

    rule: Annotated[
        Name,
        Meta(
            description="The rule's name. With the name of a default rule it stands in that rule's place, and so "
            "narrows whom it tells."
        ),
    ]
    for_: Annotated[
        Whom | Annotated[list[Whom], Meta(min_length=1)],
        Meta(
            description="Whom it tells: the people attached to this, where the contract has the tick for them. One "
            "category, a list of them, `contacts`, `collaborators` or `all`; for several it works as if it were "
            "written once for each."
        ),
    ]
    on: (
        Annotated[
            list[Trigger], Meta(min_length=1, description="The triggers on which it tells them; left out: all four.")
        ]
        | None
    ) = None
    if_: (
        Annotated[
            str,
            Meta(
                description="A condition; left out: always. Comparisons ==, !=, <, <=, >, >=, in (…) of a field with "
                'values or another field; contains, contains word, starts with, ends with for text; "…" in a list such '
                "as person.groups; each with not, joined by and, or, not and parentheses. The fields stand in "
                "docs/condition-fields.md.",
                examples=[
                    'ticket.priority in ("high", "critical") and person.language == "fr"',
                    'ticket.title contains "outage" and "on-call" in person.groups',
                ],
            ),
        ]
        | None
    ) = None
    instead_of: (
        Annotated[Name, Meta(description="The rule whose place this one takes, for a person for whom both match.")]
        | None
    ) = None
    send: Annotated[Send, Meta(description="What its messages are like; left out: as usual.")] | None = None
    overrides_customer: Annotated[
        bool,
        Meta(
            description="Whether template, keyword and format of this rule stand before those of a contact's customer; "
            "left out: the customer's record comes first."
        ),
    ] = False

    @property
    def categories(self) -> tuple[Category, ...]:
        """The categories that it is for, each once, in their order."""
        words = [self.for_] if isinstance(self.for_, str) else self.for_
        named = {category for word in words for category in categories_of(word)}
        return tuple(category for category in Category if category in named)

    @property
    def audiences(self) -> tuple[Audience, ...]:
        """The audiences of these categories, each once."""
        return tuple(dict.fromkeys(category.audience for category in self.categories))


class RuleFile(Struct, frozen=True, forbid_unknown_fields=True):
    """A rule file. `extends: default` starts from the ten default rules and the default settings."""

    extends: (
        Annotated[Literal["default"], Meta(description="Start from the ten default rules and the default settings.")]
        | None
    ) = None
    settings: (
        Annotated[Settings, Meta(description="What holds for all rules. Taken whole: what is left out is as usual.")]
        | None
    ) = None
    defaults: (
        Annotated[
            Defaults,
            Meta(
                description="Templates, keywords and formats where nothing nearer names one. With `extends`, only what "
                "differs: what is left out, at any depth, is as in the file that it extends."
            ),
        ]
        | None
    ) = None
    calendars: Annotated[
        dict[CalendarName, CalendarSettings],
        Meta(
            description="When desks are open, by name. With `extends`, one of the same name stands in the place of "
            "the inherited one."
        ),
    ] = {}
    rules: Annotated[list[RuleEntry], Meta(description="The rules, in the order in which they are asked.")] = []


_INHERITED: Final = (Defaults, AudienceForms, FormSettings, FaxSettings)


def with_partial_defaults(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema of a rule file for editors, in which no member of `defaults` is required.

    What is left out there may come from the file that this one extends, which an editor does not read.
    """
    names = {kind.__name__ for kind in _INHERITED}
    parts = {
        name: {key: value for key, value in part.items() if not (name in names and key == "required")}
        for name, part in schema["$defs"].items()
    }
    return {**schema, "$defs": parts}
