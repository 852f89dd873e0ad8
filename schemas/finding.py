"""What `tocsin check` finds: one problem each, as people read it and as `--format json` writes it."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from msgspec import Meta, Struct


class Severity(StrEnum):
    """What a finding means for the rules, the gravest first."""

    ERROR = "error"
    """The rules are refused: the ones that were in force stay."""
    WARNING = "warning"
    """The rules are taken, and surely do not do what was meant."""
    REMARK = "remark"
    """The rules do what they say; it is worth knowing all the same."""


class FindingCode(StrEnum):
    """The kind of a finding. Meaning, example and what to do of each: docs/checking.md."""

    severity: Severity

    def __new__(cls, text: str, severity: Severity) -> FindingCode:
        """A code with the severity that all its findings have."""
        # With two arguments, Enum can't find the value of a member by itself.
        code = str.__new__(cls, text)
        code._value_ = text
        code.severity = severity
        return code

    # rule files
    UNREADABLE_FILE = "unreadable_file", Severity.ERROR
    YAML_SYNTAX = "yaml_syntax", Severity.ERROR
    DUPLICATE_KEY = "duplicate_key", Severity.ERROR
    UNKNOWN_KEY = "unknown_key", Severity.ERROR
    MISSING_KEY = "missing_key", Severity.ERROR
    WRONG_VALUE = "wrong_value", Severity.ERROR
    WRONG_SETTING = "wrong_setting", Severity.ERROR
    WRONG_CALENDAR = "wrong_calendar", Severity.ERROR
    DUPLICATE_RULE = "duplicate_rule", Severity.ERROR
    UNKNOWN_RULE = "unknown_rule", Severity.ERROR
    INSTEAD_OF_LOOP = "instead_of_loop", Severity.ERROR
    INSTEAD_OF_OTHERS = "instead_of_others", Severity.ERROR
    ENGINE_LIMIT = "engine_limit", Severity.ERROR
    # conditions
    CONDITION_SYNTAX = "condition_syntax", Severity.ERROR
    UNKNOWN_FIELD = "unknown_field", Severity.ERROR
    UNKNOWN_CALENDAR = "unknown_calendar", Severity.ERROR
    UNDECLARED_FIELD = "undeclared_field", Severity.ERROR
    FIELD_OF_OTHERS = "field_of_others", Severity.ERROR
    WRONG_TYPE = "wrong_type", Severity.ERROR
    IMPOSSIBLE_VALUE = "impossible_value", Severity.ERROR
    COMPARED_WITH_ITSELF = "compared_with_itself", Severity.ERROR
    NEVER_HOLDS = "never_holds", Severity.WARNING
    ALWAYS_HOLDS = "always_holds", Severity.WARNING
    WILDCARD = "wildcard", Severity.WARNING
    UNSEEN_CHARACTER = "unseen_character", Severity.WARNING
    UNREACHABLE_PART = "unreachable_part", Severity.WARNING
    REDUNDANT_PART = "redundant_part", Severity.REMARK
    UNKNOWN_VALUE = "unknown_value", Severity.WARNING
    VALUE_NEVER_SEEN = "value_never_seen", Severity.WARNING
    # rules beside each other
    SAME_RULE = "same_rule", Severity.WARNING
    SHADOWED_RULE = "shadowed_rule", Severity.WARNING
    SHADOWED_SETTING = "shadowed_setting", Severity.WARNING
    ALWAYS_REPLACED = "always_replaced", Severity.WARNING
    NEVER_REPLACES = "never_replaces", Severity.WARNING
    EXPIRES_BEFORE_DIGEST = "expires_before_digest", Severity.WARNING
    NOT_ALL_COMPARED = "not_all_compared", Severity.REMARK
    # templates
    UNREADABLE_TEMPLATE = "unreadable_template", Severity.ERROR
    TEMPLATE_FILE_NAME = "template_file_name", Severity.ERROR
    MISSING_TEMPLATE = "missing_template", Severity.ERROR
    TEMPLATE_SYNTAX = "template_syntax", Severity.ERROR
    MISSING_PIECE = "missing_piece", Severity.ERROR
    INTERNAL_FIELD = "internal_field", Severity.ERROR
    UNKNOWN_NAME = "unknown_name", Severity.ERROR
    WRONG_USE = "wrong_use", Severity.ERROR
    TEMPLATE_FAILS = "template_fails", Severity.ERROR
    UNUSED_TEMPLATE = "unused_template", Severity.REMARK
    # rule tests
    TEST_FILE = "test_file", Severity.ERROR
    FAILED_TEST = "failed_test", Severity.ERROR
    # the directory
    DIRECTORY_RECORD = "directory_record", Severity.ERROR
    DIRECTORY_KEY = "directory_key", Severity.ERROR
    DIRECTORY_WORD = "directory_word", Severity.ERROR
    DIRECTORY_REMARK = "directory_remark", Severity.REMARK
    LANGUAGE_WITHOUT_TEMPLATES = "language_without_templates", Severity.WARNING
    KEYWORD_WITHOUT_LANGUAGE = "keyword_without_language", Severity.WARNING
    CUSTOMER_BEFORE_RULE = "customer_before_rule", Severity.REMARK
    DEFAULT_FORM_USED = "default_form_used", Severity.REMARK
    SHARED_MAILBOX = "shared_mailbox", Severity.REMARK


class Finding(Struct, frozen=True):
    """One thing that was found, at its place: a file, and from 1 the line and the column of its first character."""

    file: Annotated[str, Meta(description="The file, as it was named on the command line or below it.")]
    line: Annotated[int, Meta(ge=1)]
    column: Annotated[int, Meta(ge=1)]
    severity: Severity
    code: FindingCode
    text: Annotated[str, Meta(description="The offending text, as it stands in the file; empty: the whole file.")]
    message: Annotated[str, Meta(description="What is wrong.")]
    suggestion: Annotated[str, Meta(description="What to do; empty where the message says all.")] = ""
    source: Annotated[str, Meta(description="The whole line, to be shown with the offending text marked.")] = ""

    @property
    def said(self) -> str:
        """What is wrong and what to do."""
        return f"{self.message}: {self.suggestion}" if self.suggestion else self.message


class Summary(Struct, frozen=True):
    """How many findings of each severity there are."""

    errors: int
    warnings: int
    remarks: int


class CheckReport(Struct, frozen=True):
    """What `tocsin check --format json` writes."""

    findings: list[Finding]
    summary: Summary
