"""Form-encoded bodies (application/x-www-form-urlencoded, WHATWG URL, section 5.1) as the JSON they stand for.

Members of members stand in brackets, as PHP and Rails write and read them: `ticket[id]=7` is `{"ticket": {"id": "7"}}`,
and `tags[]=a&tags[]=b` is `{"tags": ["a", "b"]}`. Every value is a text. Of a name that comes twice, the last counts.
"""

from __future__ import annotations

import re
from typing import Any, Final
from urllib.parse import parse_qsl

from schemas.refusal import Refusal, RefusedError

_NAME: Final = re.compile(r"([^\[\]]+)((?:\[[^\[\]]*\])*)")
_LIST: Final = ""
"""What stands between the brackets of a list's member."""


def read_form(text: str, charset: str, most_values: int, deepest: int) -> dict[str, Any]:
    """The form as an object. Percent-encoded bytes are UTF-8, or of this charset where they can't be.

    Raises RefusedError: `too_large` beyond so many fields, `too_deep` beyond so many brackets, `not_utf8`.
    """
    form: dict[str, Any] = {}
    for name, value in _fields(text, charset, most_values):
        _put(form, _steps(name, deepest), value)
    return form


def _fields(text: str, charset: str, most: int) -> list[tuple[str, str]]:
    for encoding in dict.fromkeys(("utf-8", charset)):
        try:
            return parse_qsl(text, keep_blank_values=True, encoding=encoding, errors="strict", max_num_fields=most)
        except UnicodeDecodeError:
            continue
        except ValueError:
            raise RefusedError("too_large", Refusal("", f"the form has more than {most} fields")) from None
    raise RefusedError("not_utf8", Refusal("", "percent-decoded, the form is not UTF-8"))


def _steps(name: str, deepest: int) -> list[str]:
    """The names on the way to a value. What is not written in whole brackets is a name as it is."""
    found = _NAME.fullmatch(name)
    if found is None:
        return [name]
    steps = [found[1], *found[2][1:-1].split("][")] if found[2] else [found[1]]
    if len(steps) > deepest:
        raise RefusedError("too_deep", Refusal("", f"a name of the form has more than {deepest} brackets"))
    return steps


def _put(form: dict[str, Any], steps: list[str], value: str) -> None:
    place: Any = form
    for step, following in zip(steps, [*steps[1:], None], strict=True):
        new: Any = value if following is None else [] if following == _LIST else {}
        if isinstance(place, list):
            place.append(new)
            place = new
        else:
            known = place.get(step)
            place[step] = new if following is None or type(known) is not type(new) else known
            place = place[step]
