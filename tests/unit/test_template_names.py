"""What no made-up ticket reaches is checked too, and nothing is said of what is right."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.jinja.check import Subject, TemplateCheck, source_problems
from adapters.jinja.environment import TemplateEnvironment
from adapters.jinja.fields import Readership
from adapters.jinja.names import name_problems
from adapters.jinja.renderer import JinjaRenderer
from adapters.jinja.sources import TemplateSources, file_of, read_sources
from schemas.job import ExternalContext, InternalContext
from schemas.rule_file import CustomFieldSettings
from schemas.vocabulary import Audience
from sender.ports import Part, TemplateFaultError
from tests.support.mail.messages import TEMPLATES, templates

FIELDS: Final = {"area": CustomFieldSettings("text", external=True)}
PIECES: Final = {
    "_m.txt.j2": "{% macro facts(rows, end='') %}{{ rows|length }}{{ end }}{% endmacro %}"
    "{% macro box(width) %}{{ caller(1) }}{{ width }}{% endmacro %}"
    "{% macro any() %}{{ varargs|length }}{{ kwargs|length }}{% endmacro %}"
    "{% macro maybe(note) %}{% if note is defined %}{{ note }}{% endif %}{% endmacro %}"
    "{% macro by_kind(kind, choices) %}{% if kind == 'one' %}{{ choices|join }}{% endif %}{% endmacro %}"
    "{% set colour = 'red' %}{% macro _own() %}{% endmacro %}",
    "_f.txt.j2": "{% block head %}head{% endblock %}{{ self.head() }}",
    "_i.txt.j2": "{{ loop.index if loop is defined else 0 }}{{ given }}",
    "_l.txt.j2": "x",
    "_s.txt.j2": "{% for item in [1, 2] %}{% block row scoped %}{{ item }}{% endblock %}{% endfor %}",
    "_u.txt.j2": "{% for item in [1] %}{% block row scoped %}{% block cell %}{% endblock %}{% endblock %}{% endfor %}"
    "{% for hidden in [1] %}{% block bare %}{% endblock %}{% endfor %}",
    "_t.txt.j2": "{% extends '_s.txt.j2' %}{% block row %}{% with given = 1 %}{% block cell scoped %}{% endblock %}"
    "{% endwith %}{% endblock %}",
    "_page.html.j2": "x",
}
IMPORT: Final = "{% import '_m.txt.j2' as m %}"


def found(text: str, path: str = "external/t.en.txt.j2") -> list[str]:
    """What is found by reading alone, and stands in the template."""
    sources = templates(**{path: text, **PIECES})
    readership = Readership(ExternalContext, frozenset(FIELDS), frozenset(FIELDS))
    return [str(one).removeprefix(f"{path}:") for one in name_problems(TemplateEnvironment(sources), path, readership)]


NEVER: Final = "{% if trigger == 'never' %}\n"
"""A part that no ticket reaches: what follows stands on the second line."""

WRONG = {
    IMPORT + NEVER + "{{ m.nothing }}": "`_m.txt.j2` has no macro `nothing`",
    IMPORT + NEVER + "{{ m.fact([]) }}": "`_m.txt.j2` has no macro `fact`: did you mean `facts`?",
    IMPORT + NEVER + "{{ m['fact']([]) }}": "`_m.txt.j2` has no macro `fact`: did you mean `facts`?",
    IMPORT + NEVER + "{{ m._own() }}": "`_m.txt.j2` has no macro `_own`",
    IMPORT + NEVER + "{{ m }}": "`_m.txt.j2` is a file: it can't be shown: name a macro of it",
    IMPORT + NEVER + "{{ m() }}": "`_m.txt.j2` is a file, no macro: write the name of a macro behind it",
    IMPORT + NEVER + "{{ m.facts }}": "`facts` is a macro: it is called, not shown: write `facts(...)`",
    NEVER + "{% from '_m.txt.j2' import fact %}": "`_m.txt.j2` has no macro `fact`: did you mean `facts`?",
    NEVER + "{% include '_lost.txt.j2' %}": "there is no file `_lost.txt.j2` in the templates folder",
    NEVER + "{% import '_n.txt.j2' as n %}": "there is no file `_n.txt.j2` in the templates folder",
    NEVER + "{% extends '_g.txt.j2' %}": "there is no file `_g.txt.j2` in the templates folder",
    NEVER
    + "{% include '_page.html.j2' %}": "`_page.html.j2` is of another kind: text files use text files, HTML files",
    # macros
    IMPORT + NEVER + "{{ m.facts([], '', 1) }}": "`facts` takes 2 arguments, here it gets 3: write `facts(rows, end)`",
    IMPORT + NEVER + "{{ m.facts() }}": "`facts` needs its argument `rows`",
    IMPORT + NEVER + "{{ m.facts([], ending='') }}": "`facts` has no argument `ending`: did you mean `end`?",
    IMPORT + NEVER + "{{ m.facts([], rows=[]) }}": "`facts` gets its argument `rows` twice",
    IMPORT + NEVER + "{{ m.box(1) }}": "the macro `box` needs a `caller`: write {% call box(...) %}",
    IMPORT + NEVER + "{% call m.facts([]) %}x{% endcall %}": "the macro `facts` does not use `caller`",
    IMPORT
    + NEVER
    + "{% call m.box(1) %}x{% endcall %}": "the macro `box` can't call this block: `caller` takes no arg",
    "{% from '_m.txt.j2' import facts as f %}" + NEVER + "{{ f() }}": "`facts` needs its argument `rows`",
    "{% macro own(a) %}{{ a }}{% endmacro %}" + NEVER + "{{ own(1, 2) }}": "`own` takes 1 argument, here it gets 2",
    "{% macro own() %}{{ owm() }}{% endmacro %}" + NEVER + "{{ onw() }}": "there is no `onw` in a template",
    NEVER + "{{ ticket.title() }}": "`ticket.title` is no macro: it can't be called: leave out the brackets",
    NEVER + "{{ caller() }}": "there is `caller` in macros only",
    # filters and tests
    NEVER + "{{ ticket.title|uper }}": "there is no filter `uper`: did you mean `upper`?",
    NEVER + "{% filter uper %}x{% endfilter %}": "there is no filter `uper`: did you mean `upper`?",
    NEVER + "{{ ticket.title|upper(1) }}": "the filter `upper` can't be used like this: too many positional arguments",
    NEVER
    + "{{ ticket.title|replace('a') }}": "the filter `replace` can't be used like this: missing a required argument",
    NEVER
    + "{{ ticket.title|truncate(killwords=1) }}": "the filter `truncate` can't be used like this: got an unexpected",
    NEVER + "{{ [1]|map('uper')|join }}": "there is no filter `uper`: did you mean `upper`?",
    NEVER + "{{ [1]|map|join }}": "`map` takes the name of a filter, or `attribute=`",
    NEVER + "{{ [1]|map(atribute='a')|join }}": "`map` takes the name of a filter, or `attribute=`",
    NEVER + "{{ [1]|map('truncate', 1, 2, 3)|join }}": "the filter `truncate` can't be used like this: too many",
    NEVER + "{{ [1]|select('od')|join }}": "there is no test `od`: did you mean `odd`?",
    NEVER + "{{ [1]|selectattr()|join }}": "`selectattr` asks for the name of an attribute",
    NEVER + "{{ [1]|rejectattr('a', 'nome')|join }}": "there is no test `nome`: did you mean `none`?",
    NEVER + "{{ 1 if ticket.title is defind }}": "there is no test `defind`: did you mean `defined`?",
    NEVER
    + "{{ 1 if 4 is divisibleby }}": "the test `divisibleby` can't be used like this: missing a required argument",
    # names, fields, loops, blocks
    NEVER + "{{ persn_name }}": "there is no `persn_name` in a template: did you mean `person_name`?",
    NEVER + "{{ ticket.statu }}": "there is no `statu` here: did you mean `status`?",
    NEVER + "{{ ticket.custom.aera|default('') }}": "the custom field `aera` is not declared",
    NEVER + "{{ saved_at.upper() }}": "this is one value, it has no `upper`",
    NEVER + "{{ other_triggers.length }}": "this is a list, it has no `length`: use a filter, or a loop",
    NEVER + "{{ ticket }}": "`ticket` is not one value that can be shown: name a field of it, or join it",
    NEVER + "{{ other_triggers }}": "`other_triggers` is not one value that can be shown",
    NEVER + "{{ ticket.custom }}": "`ticket.custom` is not one value that can be shown",
    NEVER + "{% for x in ticket %}{{ x }}{% endfor %}": "`ticket` is no list: a loop can't run over it",
    NEVER + "{% for x in ticket.product %}{{ x }}{% endfor %}": "`ticket.product` is no list: a loop can't run over it",
    NEVER + "{% for x in [1] %}{{ loop.indx }}{% endfor %}": "`loop` has no `indx`: did you mean `index`?",
    "{% for x in [1] %}{{ x }}{% endfor %}" + NEVER + "{{ x }}": "there is no `x` in a template",
    "{% macro a(x) %}{{ x }}{% endmacro %}" + NEVER + "{{ x }}": "there is no `x` in a template",
    IMPORT + NEVER + "{{ rows }}": "there is no `rows` in a template",
    "{% extends '_u.txt.j2' %}{% block bare %}\n{{ hidden }}{% endblock %}{% if true %}": "there is no `hidden`",
    NEVER + "{{ loop.index }}": "there is `loop` in `{% for %}` only",
    NEVER + "{{ super() }}": "there is `super()` in blocks only",
    NEVER + "{{ self.hed() }}": "there is no block `hed`",
    NEVER + "{{ 2 ** 3 }}": "`**` is not there in templates",
}


@pytest.mark.parametrize("text", WRONG)
def test_what_is_wrong_in_a_part_that_no_ticket_reaches_is_named_with_its_line(text: str) -> None:
    closing = "{% endif %}"
    problems = found(text + closing)
    assert [one for one in problems if one.startswith(f"2: {WRONG[text]}")], problems
    # The control: by trial alone, nothing would be found.
    assert not source_problems(templates(**{"external/t.en.txt.j2": NEVER + "x{% endif %}"}), ["en"], FIELDS)


BLOCKS = {
    "{% extends '_f.txt.j2' %}\n{% block hed %}x{% endblock %}": "no file that this one extends has a block `hed`",
    "{% extends '_f.txt.j2' %}{% block head %}\n{% block in %}{{ super() }}{% endblock %}{% endblock %}": "no file",
}


@pytest.mark.parametrize("text", BLOCKS)
def test_blocks_that_nothing_holds(text: str) -> None:
    assert [one for one in found(text) if one.startswith(f"2: {BLOCKS[text]}")], found(text)


RIGHT = [
    "{% from '_m.txt.j2' import facts with context %}{{ facts([]) }}",
    "{% from '_m.txt.j2' import colour, any as some with context %}{{ colour }}{{ some(1) }}",
    "{% extends '_s.txt.j2' %}{% block row %}{{ item }}{{ loop.index }}{{ super() }}{% endblock %}",
    "{% extends '_u.txt.j2' %}{% block cell %}{{ item }}{% endblock %}",
    "{% extends '_t.txt.j2' %}{% block cell %}{{ item }}{{ given }}{% endblock %}",
    IMPORT + "{{ m.facts([1]) }}{{ m.facts(rows=[1], end='.') }}{{ m.facts(*[[1]]) }}{{ m.facts(**{'rows': []}) }}",
    IMPORT + "{% call(n) m.box(2) %}{{ n }}{% endcall %}{% call(n, o=2) m.box(2) %}{{ n }}{{ o }}{% endcall %}",
    IMPORT + "{{ m.any(1, 2, a=3) }}{{ m.maybe() }}{{ m.by_kind('none') }}{{ m.colour }}",
    IMPORT + "{{ m.nothing|default('') }}{{ 1 if m.nothing is defined }}",
    "{% from '_m.txt.j2' import facts, maybe as p %}{{ facts([]) }}{{ p(1) }}",
    "{% from '_m.txt.j2' import later %}{{ later() if later is defined }}",
    "{% macro m(a, b=1) %}{{ a }}{{ b }}{% endmacro %}{% for m in [1] %}{{ m }}{% endfor %}",
    "{% macro m(a) %}{{ a }}{% endmacro %}{% macro n(m) %}{{ m }}{% endmacro %}{{ n(1) }}{{ m(2) }}",
    "{% macro m() %}{{ caller() if caller is defined }}{% endmacro %}{{ m() }}{% call m() %}x{% endcall %}",
    "{% macro m(caller=none) %}{{ caller() if caller else '' }}{% endmacro %}{{ m() }}",
    "{% macro m(a) %}{% set a = 2 %}{{ a }}{% endmacro %}{{ m() }}",
    "{% macro inner(x) %}{{ x|default('') }}{% endmacro %}{% macro m(a) %}{{ inner(a) }}{% endmacro %}{{ m() }}",
    "{% extends '_f.txt.j2' %}{% block head %}{{ super() }}{% block more %}{% endblock %}{% endblock %}",
    "{% block a %}x{% endblock %}{{ self.a() }}{{ self['a']() }}",
    "{% for x in [1, 2] %}{% set given = x %}{% include '_i.txt.j2' %}{% endfor %}",
    "{% include '_lost.txt.j2' ignore missing %}{% include ['_lost.txt.j2', '_l.txt.j2'] %}",
    "{% for x in [1, 2] if x > 1 %}{{ loop.index }}{{ loop.cycle('a', 'b') }}{% else %}none{% endfor %}",
    "{% for a in [[1], [2]] %}{% for b in a %}{{ loop.first }}{{ b }}{% endfor %}{% endfor %}",
    "{% for key in ticket.custom %}{{ key }}{% endfor %}{% for k, v in ticket.custom.items() %}{{ k }}{% endfor %}",
    "{{ other_triggers|join(', ') }}{{ other_triggers|length }}{% for one in other_triggers %}{{ one }}{% endfor %}",
    "{{ other_triggers[0]|default('') }}{{ 'closed' in other_triggers }}{{ other_triggers == [] }}",
    "{{ ['a']|map('upper')|join }}{{ [{'a': 1}]|map(attribute='a', default=2)|join }}{{ ['a']|map('trim')|join }}",
    "{{ [1, 2]|select('odd')|join }}{{ [1, 2]|select('divisibleby', 2)|join }}{{ [0, 1]|select|join }}",
    "{{ [{'a': 1}]|selectattr('a')|map(attribute='a')|join }}{{ [{'a': 1}]|rejectattr('a', 'eq', 1)|list|length }}",
    "{{ 1 is odd }}{{ 1 is not none }}{{ 4 is divisibleby 2 }}{{ 1 is in [1] }}{{ 'a' is eq 'a' }}{{ 1 is sameas 1 }}",
    "{{ ticket.title|replace(old='a', new='b')|truncate(5, end='')|indent(first=true)|upper }}",
    "{% filter upper %}x{% endfilter %}{% set x | trim %} a {% endset %}{{ x }}",
    "{% with a = 1, b = 2 %}{{ a + b }}{% endwith %}{% set a, b = 1, 2 %}{{ a }}{{ b }}",
    "{% set ticket = {'x': 1} %}{{ ticket.x }}",
    "{% set rows = [] %}{% if false %}{% set rows = trigger %}{% endif %}{% for r in rows %}{{ r }}{% endfor %}",
    "{% import '_m.txt.j2' as m with context %}{{ m.facts([]) }}{{ trigger.upper() }}{{ ticket.title.split()|join }}",
    "{% macro list(items) %}{% for i in items recursive %}{{ i }}{% endfor %}{% endmacro %}{{ list([1]) }}",
]


@pytest.mark.parametrize("text", RIGHT)
def test_nothing_is_said_of_what_works(text: str) -> None:
    """It does work: the whole check renders it on each made-up ticket."""
    sources = templates(**{"external/t.en.txt.j2": text, **PIECES})
    assert found(text) == []
    assert [str(one) for one in source_problems(sources, ["en"], FIELDS)] == []


def test_what_an_import_sees() -> None:
    """A macro of an imported file does not see the ticket; it may be called by another template, which shares it."""
    pieces = {"_p.txt.j2": "{% set head = ticket.title %}\n{% macro a() %}{{ ticket.title }}{% endmacro %}"}
    readership = Readership(ExternalContext, frozenset(), frozenset())

    def problems(text: str) -> list[str]:
        environment = TemplateEnvironment(templates(**{"t.en.txt.j2": text, **pieces}))
        return [str(one) for one in name_problems(environment, "t.en.txt.j2", readership)]

    advice = "give it to a macro as an argument, or write `with context` behind the import"
    assert problems("{% import '_p.txt.j2' as p %}{{ p.head }}") == [
        f"_p.txt.j2:1: an imported file does not see `ticket`: {advice}"
    ]
    assert problems("{% import '_p.txt.j2' as p with context %}{{ p.head }}{{ p.a() }}") == []
    assert problems("{% include '_p.txt.j2' %}") == []


@pytest.mark.parametrize(
    "pieces",
    [
        {"_a.txt.j2": "{% from '_b.txt.j2' import x %}", "_b.txt.j2": "{% from '_a.txt.j2' import x %}"},
        {"_a.txt.j2": "{% extends '_a.txt.j2' %}{% block x %}{{ super() }}{% endblock %}"},
        {"_a.txt.j2": "{% include '_a.txt.j2' %}"},
        {"_a.txt.j2": "{{ " + "+".join("1" * 400) + " }}{{ a" + ".b" * 400 + " }}"},
    ],
)
def test_files_that_use_themselves_or_are_deep_end(pieces: dict[str, str]) -> None:
    for text in ("{% from '_a.txt.j2' import x %}{{ x() }}", "{% include '_a.txt.j2' %}", "{% extends '_a.txt.j2' %}"):
        sources = templates(**{"t.en.txt.j2": text, **pieces})
        list(
            name_problems(
                TemplateEnvironment(sources), "t.en.txt.j2", Readership(ExternalContext, frozenset(), frozenset())
            )
        )


# --- every call of every macro, against what Jinja does


NAMES = st.sampled_from("abc")


@st.composite
def macros_with_calls(draw: st.DrawFn) -> str:
    parameters = draw(st.lists(NAMES, max_size=3, unique=True))
    defaults = draw(st.integers(0, len(parameters)))
    written = [f"{name}=0" if place >= len(parameters) - defaults else name for place, name in enumerate(parameters)]
    used = [f"{{{{ {name} }}}}" for name in parameters]
    extra = draw(st.lists(st.sampled_from(["varargs|length", "kwargs|length", "caller()"]), unique=True))
    body = "".join([*used, *(f"{{{{ {one} }}}}" for one in extra)])
    positional = ["1"] * draw(st.integers(0, 4))
    keywords = [f"{name}=1" for name in draw(st.lists(NAMES, max_size=3, unique=True))]
    call = f"m({', '.join([*positional, *keywords])})"
    macro = f"{{% macro m({', '.join(written)}) %}}{body}{{% endmacro %}}"
    return macro + (f"{{% call {call} %}}x{{% endcall %}}" if draw(st.booleans()) else f"{{{{ {call} }}}}")


@settings(max_examples=100, deadline=None)
@given(macros_with_calls())
def test_a_call_is_wrong_exactly_where_it_fails(text: str) -> None:
    renderer = JinjaRenderer(templates(**{"t.en.txt.j2": text}))
    try:
        renderer.render("t", "en", Part.TEXT, {})
    except TemplateFaultError:
        fails = True
    else:
        fails = False
    assert bool(found(text)) == fails, (text, found(text))


# --- each name of each shipped template, misspelt


SHIPPED: Final = read_sources(TEMPLATES)
ROOTS: Final = [path for path in SHIPPED.texts if file_of(path) is not None and ".fr." not in path]
_TAG: Final = re.compile(r"\{[{%](.*?)[%}]\}", re.DOTALL)
_QUOTED: Final = re.compile(r'"[^"]*"')
_WORD: Final = re.compile(r"[A-Za-z_]\w*")
_KEYWORDS: Final = frozenset(
    [
        "and",
        "as",
        "block",
        "call",
        "elif",
        "else",
        "endblock",
        "endcall",
        "endfor",
        "endif",
        "endmacro",
        "endset",
        "extends",
        "false",
        "for",
        "if",
        "import",
        "in",
        "include",
        "is",
        "macro",
        "none",
        "not",
        "or",
        "set",
        "true",
    ]
)


def shipped_problems(root: str, texts: dict[str, str]) -> list[tuple[str, int | None]]:
    if "/digest." in root:
        # What is in a list is known only when it is tried.
        audience = Audience.COLLABORATORS if root.startswith("internal") else Audience.CONTACTS
        check = TemplateCheck(TemplateSources(texts, {}, ""))
        return [(one.file, one.line) for one in check.problems(root, Subject([], {}, [audience]))]
    context = InternalContext if root.startswith("internal") else ExternalContext
    environment = TemplateEnvironment(TemplateSources(texts, {}, ""))
    readership = Readership(context, frozenset(), frozenset())
    return [(one.file, one.line) for one in name_problems(environment, root, readership)]


def names_in(text: str) -> Iterator[tuple[int, str]]:
    """Where each name starts that stands in a tag and in no quotes, and that is no word of Jinja's own."""
    for tag in _TAG.finditer(text):
        bare = _QUOTED.sub(lambda quoted: " " * len(quoted[0]), tag[1])
        for word in _WORD.finditer(bare):
            if word[0] not in _KEYWORDS:
                yield tag.start(1) + word.start(), word[0]


def makes(text: str, at: int) -> bool:
    """Whether the name at this place is made there: who uses it is at fault then."""
    tag = text[text.rindex("{%", 0, at) if "{%" in text[:at] else 0 : at]
    in_tag = text.rfind("{%", 0, at) > text.rfind("%}", 0, at)
    return (
        in_tag
        and re.match(r"\{%-?\s*(?:macro\b|for\b(?!.*\bin\b)|set\s+$|block\s+$|import\b.*\bas\s+$)", tag) is not None
    )


# Of those that are written alike, one.
_OTHERS: Final = (".fr.", "_style", "/closed.", "/resolved.", "/status_changed.", "fax/")


@pytest.mark.parametrize("path", [path for path in SHIPPED.texts if not any(part in path for part in _OTHERS)])
def test_each_name_of_a_shipped_template_is_missed_where_it_is_misspelt(path: str) -> None:
    text = SHIPPED.texts[path]
    here = [root for root in ROOTS if root == path or path in used_by(root)]
    count = 0
    for at, name in names_in(text):
        texts = {**SHIPPED.texts, path: f"{text[:at]}{name}q{text[at + len(name) :]}"}
        place = (path, text.count("\n", 0, at) + 1)
        problems = [one for root in here[:1] for one in shipped_problems(root, texts)]
        if makes(text, at):
            problems = problems or [one for root in here[1:] for one in shipped_problems(root, texts)]
            assert problems, (place, name)
        else:
            assert place in problems, (place, name, problems)
        count += 1
    assert count or "{" not in text


def used_by(root: str) -> set[str]:
    found, waiting = set[str](), [root]
    while waiting:
        path = waiting.pop()
        if path not in found:
            found.add(path)
            waiting += re.findall(r'(?:extends|include|import) "([^"]+)"', SHIPPED.texts[path])
    return found


def test_the_shipped_templates_have_no_fault() -> None:
    assert [one for root in ROOTS for one in shipped_problems(root, dict(SHIPPED.texts))] == []
