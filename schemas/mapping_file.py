"""What authors of mappings write: how a post of a helpdesk becomes an event, before it is checked for meaning."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from schemas.reading import Identifier
from schemas.signature import HeaderName, Signature

Path = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=500,
        description="A path into the payload, by JSONPath (RFC 9535), without `..`, match() and search(): "
        "`$.ticket.title`, `$['my field']`, `$.fields[?@.id == 42].value`.",
        examples=["$.ticket.title", "$.custom_fields[?@.id == 360001].value"],
    ),
]
Condition = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=500,
        description="A condition on the payload, as in a filter of JSONPath (RFC 9535, section 2.3.5): paths that "
        "begin with $, compared by ==, !=, <, <=, >, >= with each other, with texts in quotes, numbers, true, false "
        "and null, joined by &&, || and !. A path alone holds where the payload has it, null included.",
        examples=["$.ticket.state == 'closed'", "$.article && $.article.internal == false"],
    ),
]
Constant = str | Annotated[int, Meta(ge=-(2**53) + 1, le=2**53 - 1)] | bool | None
Words = Annotated[
    dict[Annotated[str, Meta(max_length=256)], Constant],
    Meta(min_length=1, description='Values of the payload, as text (`"1"`, `"true"`), and what each means.'),
]
LookUp = Literal["customer", "product", "reference"]


class ValueRule(Struct, frozen=True, forbid_unknown_fields=True, rename={"from_": "from", "if_": "if", "is_": "is"}):
    """How one value is found. It has one source: `from`, `header`, `value`, `is` or `look_up`.

    Where the payload has nothing at the source, or `if` does not hold, the rule says nothing.
    """

    from_: Annotated[Path | None, Meta(description="Where in the payload it stands.")] = None
    header: Annotated[HeaderName | None, Meta(description="The header that it stands in.")] = None
    value: Annotated[Constant | UnsetType, Meta(description="This very value.")] = UNSET
    is_: Annotated[
        Condition | None,
        Meta(
            description="True where the condition holds, else false. Where the payload has none of the paths in it, "
            "the rule says nothing."
        ),
    ] = None
    look_up: (
        Annotated[
            list[LookUp],
            Meta(
                min_length=1,
                description="For `contract` alone: the one contract of the directory that was in force when the ticket "
                "was saved, of the ticket's `customer`, with its `product`, or whose `reference` stands at `from`. "
                "None or several: null, with a warning.",
            ),
        ]
        | None
    ) = None
    if_: Annotated[Condition | None, Meta(description="The rule says nothing where this does not hold.")] = None
    pick: Annotated[
        Literal["first", "last", "join"] | None,
        Meta(
            description="Which to take where the path leads to several values; `join`: all, as one text with blanks "
            "between. Left out: several are refused."
        ),
    ] = None
    map: Annotated[Words | None, Meta(description="What each value means.")] = None
    otherwise: Annotated[Constant | UnsetType, Meta(description="What a value means that `map` does not have.")] = UNSET
    unmapped: Annotated[
        Literal["keep", "refuse", "nothing"] | None,
        Meta(
            description="In place of `otherwise`: `keep` takes the value as it is, `refuse` refuses the post, "
            "`nothing` says nothing."
        ),
    ] = None
    text: Annotated[
        Literal["html", "plain"] | None,
        Meta(description="`html`: it is HTML, of which the text is taken. Left out: it is taken as it is."),
    ] = None
    time: (
        Annotated[
            str,
            Meta(
                min_length=1,
                max_length=60,
                description="How a time is written: `iso` (left out: this), `seconds` or `milliseconds` since 1970, or "
                "a format such as `%d/%m/%Y %H:%M` (the codes of Python's strptime).",
                examples=["iso", "milliseconds", "%d/%m/%Y %H:%M"],
            ),
        ]
        | None
    ) = None
    zone: Annotated[
        str | None, Meta(description="The time zone (IANA) of a time without an offset. Left out: that of the file.")
    ] = None
    write: (
        Annotated[
            str,
            Meta(
                max_length=500,
                description="A text around the value, which stands at `{}`: `https://desk.example/tickets/{}`.",
                examples=["https://desk.example/tickets/{}", "org-{}"],
            ),
        ]
        | None
    ) = None


Rule = str | Annotated[int, Meta(ge=-(2**53) + 1, le=2**53 - 1)] | bool | None | ValueRule
Value = Annotated[
    Rule | list[Rule],
    Meta(
        description="A path (a text that begins with $), any other constant, or a mapping that says more. Of a list, "
        "the first that says something other than null."
    ),
]


MaybeValue = Value | UnsetType


class LinksMapping(Struct, frozen=True, forbid_unknown_fields=True):
    """Where the ticket can be seen."""

    customer: Annotated[MaybeValue, Meta(description="What customers open.")] = UNSET
    agent: Annotated[MaybeValue, Meta(description="What people of the helpdesk open.")] = UNSET


class TicketMapping(Struct, frozen=True, forbid_unknown_fields=True):
    """The fields of the ticket. One that is left out, or of which a post says nothing, stays as it was known before."""

    id: Annotated[Value, Meta(description="The ticket's id, which never changes. A number becomes text.")]
    contract: Annotated[MaybeValue, Meta(description="The id of its contract in the directory.")] = UNSET
    customer: Annotated[MaybeValue, Meta(description="The id of its customer in the directory.")] = UNSET
    title: Annotated[MaybeValue, Meta(description="Its title.")] = UNSET
    external_description: Annotated[
        MaybeValue, Meta(description="What customers may read of it. Never an internal note.")
    ] = UNSET
    status: Annotated[MaybeValue, Meta(description="Its status, in a word that rules and messages use.")] = UNSET
    resolution_marked: Annotated[
        MaybeValue, Meta(description="Whether the contractual resolution is marked: true or false.")
    ] = UNSET
    closed_for_customer: Annotated[
        MaybeValue, Meta(description="Whether it is closed on the customer's side: true or false.")
    ] = UNSET
    reference: Annotated[MaybeValue, Meta(description="The number by which people name it.")] = UNSET
    product: Annotated[MaybeValue, Meta(description="The id of its product in the directory.")] = UNSET
    site: Annotated[MaybeValue, Meta(description="The id of its site in the directory.")] = UNSET
    service: Annotated[MaybeValue, Meta(description="The id of its service in the directory.")] = UNSET
    internal_notes: Annotated[MaybeValue, Meta(description="What only collaborators may read.")] = UNSET
    resolution_text: Annotated[MaybeValue, Meta(description="How it was resolved.")] = UNSET
    priority: Annotated[MaybeValue, Meta(description="Its priority, in a word that rules use.")] = UNSET
    closed_internally: Annotated[MaybeValue, Meta(description="Whether it is closed for the helpdesk alone.")] = UNSET
    visible_to_customer: Annotated[MaybeValue, Meta(description="Whether customers may see it.")] = UNSET
    created_at: Annotated[MaybeValue, Meta(description="When it was created.")] = UNSET
    first_described_at: Annotated[MaybeValue, Meta(description="When it first had a description.")] = UNSET
    links: Annotated[LinksMapping | UnsetType, Meta(description="Where it can be seen.")] = UNSET
    custom: Annotated[
        dict[Annotated[str, Meta(min_length=1, max_length=80)], Value],
        Meta(description="Custom fields, by the names that the rule file declares."),
    ] = {}


class BeforeMapping(Struct, frozen=True, forbid_unknown_fields=True, rename={"if_": "if"}):
    """What the post itself tells of before the save. A field of which it says nothing did not change."""

    if_: Annotated[
        Condition | None,
        Meta(
            description="The post tells what was before where this holds, even if none of the fields below is in it. "
            "Left out: where it says one of them."
        ),
    ] = None
    contract: Annotated[MaybeValue, Meta(description="The contract before.")] = UNSET
    external_description: Annotated[MaybeValue, Meta(description="The description before.")] = UNSET
    status: Annotated[MaybeValue, Meta(description="The status before.")] = UNSET
    resolution_marked: Annotated[MaybeValue, Meta(description="Whether it was resolved before.")] = UNSET
    closed_for_customer: Annotated[MaybeValue, Meta(description="Whether it was closed before.")] = UNSET
    first_described_at: Annotated[MaybeValue, Meta(description="When it first had a description.")] = UNSET
    priority: Annotated[MaybeValue, Meta(description="The priority before.")] = UNSET


class ActorMapping(Struct, frozen=True, forbid_unknown_fields=True):
    """Who made the save, so that people are not alerted of their own saves."""

    kind: Annotated[MaybeValue, Meta(description="`contact`, `collaborator`, `system`, or null: unknown.")] = UNSET
    id: Annotated[MaybeValue, Meta(description="The person's id in the directory.")] = UNSET
    email: Annotated[MaybeValue, Meta(description="The person's address, by which they are recognised.")] = UNSET


class IgnoreRule(Struct, frozen=True, forbid_unknown_fields=True, rename={"from_": "from", "if_": "if", "in_": "in"}):
    """Posts that are not about a save of a ticket. They are answered as taken, and nothing is kept of them."""

    because: Annotated[str, Meta(min_length=1, max_length=200, description="What such a post is, for the log.")]
    if_: Annotated[Condition | None, Meta(description="Ignored where this holds.")] = None
    from_: Annotated[Path | None, Meta(description="Where the word stands that `in` or `not_in` lists.")] = None
    header: Annotated[HeaderName | None, Meta(description="The header in which that word stands.")] = None
    in_: (
        Annotated[
            list[Annotated[str, Meta(max_length=256)]], Meta(min_length=1, description="Ignored with these words.")
        ]
        | None
    ) = None
    not_in: (
        Annotated[
            list[Annotated[str, Meta(max_length=256)]],
            Meta(min_length=1, description="Ignored with any other word than these, or with none."),
        ]
        | None
    ) = None


class MappingFile(Struct, frozen=True, forbid_unknown_fields=True):
    """A mapping file. `NAME.yaml` is for posts to `/v1/hooks/NAME`."""

    ticket: Annotated[TicketMapping, Meta(description="The fields of the ticket.")]
    about: Annotated[str, Meta(max_length=500, description="For which helpdesk it is, for people.")] = ""
    source: Annotated[
        Identifier | None,
        Meta(description="The `source` of the events: which helpdesk it is. Left out: `/NAME`. It must never change."),
    ] = None
    zone: Annotated[str | None, Meta(description="The time zone (IANA) of times without an offset.")] = None
    signature: Annotated[
        Signature | None,
        Meta(description="How posts are signed. Left out: they are refused, until the settings say otherwise."),
    ] = None
    on_malformed: Annotated[
        Literal["refuse", "accept"],
        Meta(
            description="The answer to a post that can't be read: `refuse` (4xx), or `accept` (2xx, and a dead letter) "
            "for a helpdesk that would send it again for ever."
        ),
    ] = "refuse"
    ignore: Annotated[list[IgnoreRule], Meta(description="Posts that are not about a save of a ticket.")] = []
    delivery: Annotated[MaybeValue, Meta(description="The helpdesk's id of the delivery, the same on a repeat.")] = (
        UNSET
    )
    moment: Annotated[
        MaybeValue,
        Meta(description="Which save it is: `created`, `updated` or `unknown`. Left out: unknown."),
    ] = UNSET
    time: Annotated[MaybeValue, Meta(description="When the ticket was saved. Left out: when the post came.")] = UNSET
    before: Annotated[BeforeMapping | None, Meta(description="What the post itself tells of before the save.")] = None
    triggers: Annotated[
        MaybeValue,
        Meta(
            description="What the save means, where the helpdesk says so: one of opened, resolved, closed, "
            "status_changed, or a list of them. Left out: it follows from what was before."
        ),
    ] = UNSET
    actor: Annotated[ActorMapping, Meta(description="Who made the save.")] = ActorMapping()
    origin: Annotated[
        MaybeValue,
        Meta(description="user, automation, import, merge, test or auto_reply. The last four alert nobody."),
    ] = UNSET
    notify: Annotated[MaybeValue, Meta(description="false: alerts nobody; `internal`: collaborators alone; true.")] = (
        UNSET
    )
