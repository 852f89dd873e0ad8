"""Checks templates in a child process, so that no template can crash, hang or fill the process that asks."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Collection, Sequence
from contextlib import closing
from hashlib import sha256
from threading import Lock
from typing import Final

import msgspec

from adapters.children.process import Child, ChildFailedError, Questioner
from adapters.jinja.check import CustomFields, Subject, TemplateUse, source_problems
from adapters.jinja.problems import Problem
from adapters.jinja.sources import TemplateSources, file_of
from adapters.shipped import TEMPLATES
from adapters.writing.protocol import CHECKING, CHILD, Check, Checked, Setup, encoded
from schemas.finding import FindingCode

MOST_ENDS: Final = 3
"""After this many children that ended at their work, the remaining files are not checked."""

REMEMBERED: Final = 16
"""How many results are kept. The templates that come with the product are checked with every load of rules."""

_results: Final[OrderedDict[bytes, tuple[Problem, ...]]] = OrderedDict()
_lock: Final = Lock()


def checked_templates(
    sources: TemplateSources,
    languages: Collection[str],
    fields: CustomFields | None = None,
    uses: Collection[TemplateUse] = (),
) -> Sequence[Problem]:
    """See adapters.jinja.check.source_problems. A template that ends the child is a problem of its file.

    Files of a lower folder that do not depend on those above are checked apart. They seldom change, so their result is
    mostly remembered.
    """
    found = _checked(sources, languages, fields, uses)
    lower = sources.shipped_alone
    if lower is None:
        return found
    names = {file.template for path in lower.texts if (file := file_of(path)) is not None}
    further = _checked(lower, (), fields, [use for use in uses if use.template in names])
    return sorted({*found, *further}, key=lambda one: (one.file, one.line or 0, one.message))


def _checked(
    sources: TemplateSources, languages: Collection[str], fields: CustomFields | None, uses: Collection[TemplateUse]
) -> Sequence[Problem]:
    # All that the result depends on.
    asked = (
        sources.texts,
        sources.unreadable,
        # A shipped file may be for collaborators alone, where the same text of one's own is for whom it is used.
        sorted(path for path, folder in sources.folders.items() if folder == TEMPLATES),
        sorted(sources.below),
        sorted(sources.replaced),
        sorted(languages),
        fields or {},
        sorted(uses, key=repr),
    )
    key = sha256(msgspec.json.encode(asked, order="deterministic")).digest()
    with _lock:
        if key in _results:
            _results.move_to_end(key)
            return _results[key]
    with closing(CheckingChild()) as child:
        check = _ChildCheck(sources, child)
        found = tuple(source_problems(sources, languages, fields, uses, check.problems))
    # Where a child ended, some files may be unchecked, so that result is not kept.
    if not check.ends:
        with _lock:
            _results[key] = found
            if len(_results) > REMEMBERED:
                _results.popitem(last=False)
    return found


class CheckingChild:
    """A child that checks templates. It starts when it is first asked."""

    def __init__(self) -> None:
        self._child: Child | None = None

    def ask(self, request: bytes) -> bytes:
        """The answer. Raises ChildFailedError; the next request then starts another child."""
        try:
            if self._child is None:
                self._child = Child(CHILD, CHECKING, quiet=True)
                self._questioner = Questioner(self._child)
                self._questioner.await_ready()
            # The child's own limit comes first, so that its end tells which limit it exceeded.
            deadline = time.monotonic() + CHECKING.seconds + 5.0
            self._questioner.send(request, deadline)
            return self._questioner.receive(deadline)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """End it."""
        if self._child is not None:
            self._child.close()
            self._child = None


class _ChildCheck:
    """A FileCheck of one snapshot in a child."""

    def __init__(self, sources: TemplateSources, child: CheckingChild) -> None:
        self._setup = encoded(Setup(None, sources.texts))
        self._child = child
        self._is_set_up = False
        self.ends = 0

    def problems(self, path: str, subject: Subject) -> Sequence[Problem]:
        """See FileCheck."""
        # It is said once that checking was given up: `_given_up` counts one more.
        if self.ends >= MOST_ENDS:
            return [] if self.ends > MOST_ENDS else self._given_up(path)
        try:
            if not self._is_set_up:
                self._child.ask(self._setup)
                self._is_set_up = True
            answer = self._child.ask(encoded(Check(path, subject)))
        except ChildFailedError as error:
            self.ends += 1
            self._is_set_up = False
            message = f"the process that checks templates failed at this one: {error}"
            advice = "look for deep nesting, long loops, large numbers and many styles"
            return [Problem(path, None, message, FindingCode.TEMPLATE_FAILS, suggestion=advice)]
        return msgspec.msgpack.decode(answer, type=Checked).problems

    def _given_up(self, path: str) -> Sequence[Problem]:
        self.ends += 1
        message = f"this file and those behind it were not checked, since {MOST_ENDS} others ended the check"
        return [Problem(path, None, message, FindingCode.TEMPLATE_FAILS, suggestion="mend those first")]
