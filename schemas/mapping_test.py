"""What authors of mappings write to test them: a file `NAME.test.yaml`, before it is checked for meaning."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

from schemas.rule_test import Moment as MomentInTime
from schemas.rule_test import Records
from schemas.vocabulary import ActorKind, Origin, Trigger

Fields = Annotated[dict[str, Any], Meta(description="Fields of the ticket, each with its value as JSON.")]


class ExpectedActor(Struct, frozen=True, forbid_unknown_fields=True):
    """Who made the save; what is left out is null."""

    kind: ActorKind | None = None
    id: str | None = None
    email: str | None = None


class ExpectedEvent(Struct, frozen=True, forbid_unknown_fields=True):
    """What the post must say. What is left out may be as it likes, except the keys of `ticket` and `before`.

    `ticket` and `before` are whole: a field that is not listed must not be said.
    """

    ticket: Fields | None = None
    before: Annotated[
        Fields | Literal["unknown"] | None,
        Meta(description="What was before; `unknown`: the post does not tell. Left out: as it likes."),
    ] = None
    moment: Literal["created", "updated", "unknown"] | None = None
    time: MomentInTime | None = None
    delivery: str | None = None
    triggers: list[Trigger] | None = None
    actor: ExpectedActor | None = None
    origin: Origin | None = None
    notify: bool | Literal["internal"] | None = None
    warnings: Annotated[list[str] | None, Meta(description="Fields of which a warning is given.")] = None
    ignored: Annotated[bool, Meta(description="The post is not about a save of a ticket.")] = False
    refused: Annotated[list[str] | None, Meta(description="Fields because of which the post is refused.")] = None


class MappingTest(Struct, frozen=True, forbid_unknown_fields=True):
    """One test: a post, and what it must say."""

    test: Annotated[str, Meta(min_length=1, max_length=200, description="What it shows, in one sentence.")]
    expect: ExpectedEvent
    payload: Annotated[dict[str, Any] | list[Any] | None, Meta(description="The body of the post.")] = None
    file: Annotated[
        str | None, Meta(description="A file with the body of the post instead, as seen from the test file.")
    ] = None
    changed: Annotated[
        dict[str, Any],
        Meta(description="Values to put into the payload first, by paths of names and indexes: `$.ticket.state`."),
    ] = {}
    headers: Annotated[dict[str, str], Meta(description="The headers of the post.")] = {}
    contracts: Annotated[Records, Meta(description="Contracts of the directory by id, for `look_up`.")] = {}


class MappingTestFile(Struct, frozen=True, forbid_unknown_fields=True):
    """A file of tests of a mapping. `NAME.test.yaml` tests `NAME.yaml` beside it."""

    tests: Annotated[list[MappingTest], Meta(min_length=1, description="The tests, each with a name of its own.")]
