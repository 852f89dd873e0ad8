"""How one value is found in a post: its source, what it means there, and the field that it is for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final, Literal, Protocol

from msgspec import UNSET, Struct, UnsetType

from intake.mappings.kinds import Kind, as_text, named
from intake.mappings.lookup import DirectoryLookup
from intake.mappings.paths import MAX_SELECTED, Condition, Path
from intake.mappings.times import ReadTime
from schemas.html_text import text_of_html
from schemas.refusal import Refusal, shown_value

Pick = Literal["first", "last", "join"]


class View(Struct):
    """A post as rules look at it, and what has been found so far."""

    payload: Any
    headers: Mapping[str, str]
    received: datetime
    lookup: DirectoryLookup
    time: datetime
    found: dict[str, Any] = {}
    """Fields of the ticket, for those that are looked up by others."""
    refusals: list[Refusal] = []
    warnings: list[Refusal] = []


class WrongValueError(ValueError):
    """A value of a payload that can't be used. An answer: `Value.said` makes a refusal of it."""

    def __init__(self, reason: str, value: Any = UNSET) -> None:
        super().__init__(reason)
        self.value = value


class Source(Protocol):
    """Where a value comes from."""

    @property
    def where(self) -> str:
        """Its place in the post, in words; empty for a constant."""

    def value(self, view: View) -> Any:
        """The value; UNSET: the post says nothing of it. Raises WrongValueError."""


class Meaning(Struct, frozen=True):
    """What becomes of the value that was found: in this order, each left out where it is None or false."""

    read_time: ReadTime | None = None
    is_html: bool = False
    words: Mapping[str, Any] | None = None
    otherwise: Any = UNSET
    keeps: bool = False
    refuses: bool = False
    around: str | None = None

    def of(self, value: Any) -> Any:
        """The meaning of a value that is not null; UNSET: none. Raises ValueError."""
        if self.read_time is not None:
            return self.read_time(value)
        if self.is_html:
            value = text_of_html(as_text(value))
        if self.words is not None:
            value = self._mapped(value)
        if self.around is not None and value is not UNSET and value is not None:
            text = as_text(value)
            value = self.around.replace("{}", text) if text else None
        return value

    def _mapped(self, value: Any) -> Any:
        key = ("true" if value else "false") if isinstance(value, bool) else as_text(value)
        if self.words is not None and key in self.words:
            return self.words[key]
        if self.refuses:
            raise ValueError("this value is not in `map`")
        return value if self.keeps else self.otherwise


class Rule(Struct, frozen=True):
    """One way to find a value."""

    source: Source
    meaning: Meaning = Meaning()
    only_if: Condition | None = None

    def said(self, view: View, kind: Kind) -> Any:
        """The value for a field of this kind; UNSET: nothing is said. Raises WrongValueError."""
        if self.only_if is not None and not self.only_if.holds(view.payload):
            return UNSET
        value = self.source.value(view)
        if value is UNSET or value is None:
            return value
        try:
            meant = self._meant(value, kind)
            return meant if meant is UNSET or meant is None else kind.convert(meant)
        except ValueError as error:
            where = f"at {self.source.where}: " if self.source.where else ""
            raise WrongValueError(f"{where}{error}", value) from None

    def _meant(self, value: Any, kind: Kind) -> Any:
        if kind.is_list and isinstance(value, list) and len(value) <= MAX_SELECTED:
            return [one for one in map(self.meaning.of, value) if one is not UNSET]
        return self.meaning.of(value)


class Value(Struct, frozen=True):
    """A value of one field: the first of its rules that says something other than null."""

    field: str
    kind: Kind
    rules: Sequence[Rule]

    def said(self, view: View) -> Any:
        """The value, null, or UNSET: the post says nothing of it. What can't be used is noted, and is UNSET."""
        best: Any = UNSET
        for rule in self.rules:
            try:
                value = rule.said(view, self.kind)
            except WrongValueError as error:
                refused = Refusal(self.field, str(error), shown_value(error.value), self.kind.words or UNSET)
                view.refusals.append(refused)
                return UNSET
            if value is not UNSET and value is not None:
                return value
            if best is UNSET:
                best = value
        return best


class Constant(Struct, frozen=True):
    """The same in every post."""

    constant: Any
    where: str = ""

    def value(self, view: View) -> Any:  # noqa: ARG002 - the port's signature
        """The constant."""
        return self.constant


class AtPath(Struct, frozen=True):
    """What stands at a path. `pick` says which to take where there are several; None: they are refused."""

    path: Path
    pick: Pick | None = None

    @property
    def where(self) -> str:
        """The path."""
        return self.path.text

    def value(self, view: View) -> Any:
        """The value at the path."""
        found = self.path.select(view.payload)
        if not found:
            return UNSET
        if len(found) > MAX_SELECTED:
            raise WrongValueError(f"at {self.where}: the path selects more than {MAX_SELECTED} values")
        if len(found) == 1 and self.pick != "join":
            return found[0]
        match self.pick:
            case None:
                raise WrongValueError(f"at {self.where}: the path selects {len(found)} values: say by `pick` which")
            case "join":
                return self._joined(found)
            case "first":
                return found[0]
            case "last":
                return found[-1]

    def _joined(self, found: list[Any]) -> str:
        try:
            return " ".join(as_text(one) for one in found if one is not None)
        except ValueError as error:
            raise WrongValueError(f"at {self.where}: {error}") from None


class InHeader(Struct, frozen=True):
    """What stands in a header, by its name in lower case."""

    name: str

    @property
    def where(self) -> str:
        """The header."""
        return f"header {self.name}"

    def value(self, view: View) -> Any:
        """The header's text."""
        return view.headers.get(self.name, UNSET)


class Holds(Struct, frozen=True):
    """Whether a condition holds, where the payload has any of its paths."""

    condition: Condition

    @property
    def where(self) -> str:
        """The condition."""
        return self.condition.text

    def value(self, view: View) -> Any:
        """Whether it holds."""
        return self.condition.holds(view.payload) if self.condition.is_said(view.payload) else UNSET


_BY_FIELDS: Final = ("customer", "product")


class LookedUp(Struct, frozen=True):
    """The one contract of the directory that fits. `by` are fields of the ticket; `reference` is where that stands."""

    by: Sequence[str]
    reference: Source | None = None
    where: str = "the directory"

    def value(self, view: View) -> Any:
        """The contract's id; None where none or several fit, with a warning.

        It is one that was in force when the ticket was created, as a contract has to be for its alerts; else, where the
        post does not say that, when it was saved.

        UNSET where the post leaves out whose ticket it is: by its product alone, another customer's might be found.
        """
        said = {name: view.found.get(name, UNSET) for name in _BY_FIELDS if name in self.by}
        if self.reference is not None:
            said["reference"] = self._reference(view)
        product = said.pop("product", None) if len(said) > 1 else None
        if UNSET in said.values():
            return UNSET
        if None in said.values():
            return None
        known = said if product is UNSET or product is None else {**said, "product": product}
        fitting = view.lookup.contracts(
            customer=known.get("customer"),
            product=known.get("product"),
            reference=known.get("reference"),
            at=view.found.get("created_at") or view.time,
        )
        if len(fitting) == 1:
            return fitting[0]
        count = "several contracts are" if fitting else "no contract is"
        reason = f"{count} in force in the directory for this {' and '.join(known)}: none is taken"
        view.warnings.append(Refusal("ticket.contract", reason))
        # Where the post leaves out the product, what is known of the ticket may have led to one of them.
        return UNSET if product is UNSET else None

    def _reference(self, view: View) -> str | UnsetType | None:
        found: Any = UNSET if self.reference is None else self.reference.value(view)
        if found is UNSET or found is None:
            return found
        try:
            return as_text(found).strip() or None
        except ValueError:
            raise WrongValueError(f"{named(found)} is no reference of a contract", found) from None
