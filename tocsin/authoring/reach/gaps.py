"""What a survey of a directory finds: counted, with some examples of each kind."""

from __future__ import annotations

from collections import Counter
from enum import StrEnum

from msgspec import Struct


class GapCode(StrEnum):
    """A kind of finding. Gaps are there to be mended; remarks are worth knowing."""

    is_gap: bool
    heading: str

    def __new__(cls, text: str, heading: str, is_gap: bool) -> GapCode:
        """A code with what is said above its findings."""
        code = str.__new__(cls, text)
        code._value_ = text
        code.heading, code.is_gap = heading, is_gap
        return code

    CATEGORY_REACHES_NOBODY = "category_reaches_nobody", "Enabled categories that reach nobody", True
    UNREACHABLE_PERSON = "unreachable_person", "People who can never be reached", True
    RULE_UNMATCHED = "rule_unmatched", "Rules that match none of the recorded events", True
    LANGUAGE_WITHOUT_TEMPLATES = "language_without_templates", "Languages of people without templates", True
    UNKNOWN_REFERENCE = "unknown_reference", "Records that name one that is not there", True
    DISAGREEMENT = "disagreement", "Records that disagree", True
    BAD_RECORD = "bad_record", "Records that can't be used", True
    SLIP = "slip", "Keys and words that mean nothing", True
    CONTRACT_OUT_OF_USE = "contract_out_of_use", "Contracts that alert nobody at present", False
    DEFAULT_FORM = "default_form", "Customers for whom the rule file's template or keyword is used", False
    CUSTOMER_BEFORE_RULE = "customer_before_rule", "Customers whose own template, keyword or format is used", False
    RULE_BEFORE_CUSTOMER = "rule_before_customer", "Customers whose own is overridden by a rule", False
    FILE_REMARK = "file_remark", "Files and records that are passed over", False


class Gap(Struct, frozen=True):
    """One finding: the record it is about, what is wrong, and what to do.

    `group` is what findings of its kind are counted by: a reason, a language, a kind of record.
    """

    code: GapCode
    record: str
    why: str
    change: str = ""
    group: str = ""


class Found(Struct):
    """All findings of one kind: how many, by group, and the first of them."""

    count: int
    groups: Counter[str]
    examples: list[Gap]


class Survey:
    """Takes findings in; memory stays small however many there are."""

    def __init__(self, examples: int) -> None:
        self._examples = examples
        self.found: dict[GapCode, Found] = {}

    def add(self, gap: Gap, times: int = 1) -> None:
        """Count a finding (`times`, where it stands for several), and keep it while there is room."""
        found = self.found.setdefault(gap.code, Found(0, Counter(), []))
        found.count += times
        if gap.group:
            found.groups[gap.group] += times
        if len(found.examples) < self._examples:
            found.examples.append(gap)

    @property
    def gaps(self) -> int:
        """The number of findings that are there to be mended."""
        return sum(found.count for code, found in self.found.items() if code.is_gap)

    @property
    def remarks(self) -> int:
        """The number of the others."""
        return sum(found.count for found in self.found.values()) - self.gaps
