"""What a template can't do: reach out of its folder or its values, run for ever, or fill the memory."""

from __future__ import annotations

import resource
import sys
import time

import pytest
from jinja2 import nodes

from adapters.jinja import limits
from adapters.jinja.environment import TemplateEnvironment
from adapters.jinja.limits import OUTPUT_BYTES, current_rendering
from adapters.jinja.renderer import JinjaRenderer
from sender.ports import Part, TemplateFaultError
from tests.support.mail.messages import a_job, external, templates

BIG = "x" * 32_768
JOB = a_job(external(description=BIG, custom={"items": "own", "plain": 1}))


def doubling(values: str) -> str:
    """A macro that calls itself 60 times with these values made of `x` and `y`, and then compares the two."""
    calls = f"{{% if n %}}{{{{ m({values}, n - 1) }}}}{{% else %}}{{{{ x == y }}}}{{% endif %}}"
    return f"{{% macro m(x, y, n) %}}{calls}{{% endmacro %}}{{{{ m('a', 'a', 60) }}}}"


def loops(inside: str, *iterated: str) -> str:
    """Loops in loops over these."""
    for name, values in zip("cba", reversed(iterated), strict=False):
        inside = f"{{% for {name} in {values} %}}{inside}{{% endfor %}}"
    return inside


def largest_memory() -> int:
    """The most that this process has ever used, in bytes."""
    used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return used if sys.platform == "darwin" else used * 1024


def render(text: str, part: Part = Part.TEXT, pieces: dict[str, str] | None = None) -> str:
    sources = templates(**{f"t.en.{part}.j2": text, **(pieces or {})})
    ticket = JOB.context.ticket
    return JinjaRenderer(sources).render("t", "en", part, {"ticket": ticket, "language": "en", "time_zone": "UTC"})


def fault(text: str, part: Part = Part.TEXT, pieces: dict[str, str] | None = None) -> TemplateFaultError:
    with pytest.raises(TemplateFaultError) as caught:
        render(text, part, pieces)
    return caught.value


@pytest.mark.parametrize(
    "text",
    [
        "{{ 'x' * 10**9 }}",
        "{{ 10**10**10 }}",
        "{{ 'x' * 1000000000 }}",
        "{{ ['x'] * 1000000000 }}",
        "{{ 9223372036854775807 * 9223372036854775807 }}",
        "{{ '%1000000000d' % 1 }}",
        "{{ 'x'.ljust(1000000000) }}",
        "{{ 'x'.center(1000000000) }}",
        "{{ '{:>1000000000}'.format('x') }}",
        "{{ 'x'|center(1000000000) }}",
        "{{ '%1000000000s'|format('x') }}",
        "{{ '\\t'.expandtabs(1000000000) }}",
        "{{ 'x'.zfill(1000000000) }}",
        "{{ 'x\\ny'|indent(1000000000) }}",
        "{{ [1]|batch(1000000000, 'x')|list }}",
        "{{ 3.5|round(1000000000, 'floor') }}",
        "{{ lipsum(1000000000) }}",
        "{{ range(1000000000)|list }}",
        "{{ range(10000000)|length }}",
        "{{ ticket.description|replace('x', ticket.description) }}",
        "{{ ticket.description|replace('', ticket.description) }}",
        "{{ ticket.description|list|join(ticket.description) }}",
        "{{ ticket.description.join(ticket.description) }}",
        "{{ ticket.description|list|map('replace', 'x', ticket.description)|list|length }}",
        "{% for i in range(1000) %}{{ ticket.description }}{% endfor %}",
        "{% set t %}{% for i in range(1000) %}{{ ticket.description }}{% endfor %}{% endset %}{{ t|length }}",
        "{% filter upper %}{% for i in range(1000) %}{{ ticket.description }}{% endfor %}{% endfilter %}",
        "{% set t %}{% for i in range(1000) %}" + "y" * 60_000 + "{% endfor %}{% endset %}",
        loops("", "range(1000)", "range(1000)", "range(1000)"),
        loops("{% if b == c %}{% endif %}", "ticket.description", "ticket.description"),
        "{% macro m(n) %}{% if n %}{{ m(n - 1) }}{{ m(n - 1) }}{% endif %}{% endmacro %}{{ m(60) }}",
        "{% macro m(n) %}{% if n %}{{ m(n - 1) }}{{ m(n - 1) }}{% endif %}{% endmacro %}{% set x = m(60) %}",
        "{% for i in [1, 2] recursive %}{{ loop([1, 2]) }}{% endfor %}",
        doubling("x ~ x, y ~ y"),
        doubling("x + x, y + y"),
        doubling("[x, x], [y, y]"),
        doubling("{1: x, 2: x}, {1: y, 2: y}"),
        doubling("x|string ~ x, y"),
        doubling("[x, x]|join, y"),
        "{% block a %}{{ self.a() }}{% endblock %}",
        "{% include 't.en.txt.j2' %}",
        "{{ " + "(" * 5_000 + "1" + ")" * 5_000 + " }}",
        "{% if 1 %}" * 3_000 + "{% endif %}" * 3_000,
        "{{ " + "not " * 10_000 + "1 }}",
        "{{ " + "1 + " * 10_000 + "1 }}",
        loops("{% set a = ticket.description.split('x') %}", "range(1000)", "range(99)"),
        loops("{% set a = ticket.description.upper() == ticket.description %}", "range(1000)", "range(999)"),
    ],
    ids=lambda text: str(text)[:60],
)
def test_endless_and_huge_templates_end_as_a_fault_soon_and_small(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "SECONDS", 0.3)
    largest, before = largest_memory(), time.thread_time()

    fault(text)

    assert time.thread_time() - before < 2
    assert largest_memory() - largest < 100_000_000


def test_no_template_can_pay_itself_back() -> None:
    endless = loops("", "range(1000)", "range(1000)", "range(1000)")

    found = fault("{{ [-999999999999]|map('pay for this body')|list|length }}" + endless)

    assert "units of work" in str(found.__cause__)


def test_a_template_that_is_slow_in_itself_is_ended_by_the_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "SECONDS", 0.1)

    found = fault(loops("{% set a = ticket.description.split('x') %}", "range(1000)", "range(99)"))

    assert str(found.__cause__) == "the template takes more than 0.1 s"


@pytest.mark.parametrize(
    "text",
    [
        "{{ ''.__class__.__mro__ }}",
        "{{ ticket.__struct_fields__ }}",
        "{{ ticket['__class__'] }}",
        "{{ ticket|attr('__class__') }}",
        "{{ self.__init__ }}",
        "{{ range.__globals__ }}",
        "{{ [ticket]|map(attribute='__class__')|first }}",
        "{{ '{0.__class__}'.format(1) }}",
        "{{ ticket.custom.update({'a': 1}) }}",
        "{{ ticket.custom.clear() }}",
        "{{ cycler('a') }}",
        "{{ namespace(a=1) }}",
        "{{ dict(a=1) }}",
        "{% autoescape false %}{{ ticket.description }}{% endautoescape %}",
        "{{ ticket.description|safe }}",
        "{{ ticket }}",
        "{{ ticket.custom }}",
        "{{ ticket.title.upper }}",
        "{% include '../../etc/passwd' %}",
        "{% include '/etc/passwd' %}",
        "{% include '../secret.html.j2' %}",
        "{% include 'a/../t.en.html.j2' %}",
        "{% import 'os' as os %}",
        "{% extends ticket.title %}",
        "{% do ticket %}",
        "{% debug %}",
    ],
)
def test_a_template_reaches_nothing_but_its_values(text: str) -> None:
    assert fault(text, Part.HTML).name.startswith("t.en.html.j2")


def test_html_can_not_take_in_text_that_is_not_escaped() -> None:
    text, piece = "{% include '_piece.txt.j2' %}", {"_piece.txt.j2": "{{ ticket.description }}"}

    assert fault(text, Part.HTML, piece).reason == "TemplateRuntimeError"
    assert render(text, Part.TEXT, piece) == BIG


def test_a_fault_in_a_piece_names_the_piece() -> None:
    found = fault("one\n{% include '_piece.txt.j2' %}", pieces={"_piece.txt.j2": "\n\n{{ nothing }}"})

    assert (found.name, found.line, found.reason) == ("_piece.txt.j2", 3, "UndefinedError")


def test_what_templates_need_is_there() -> None:
    text = (
        "{% macro row(label, value) %}{{ label }}={{ value }};{% endmacro %}"
        "{{ row('a', ticket.title|upper|lower|capitalize|trim) }}"
        "{{ row('b', ticket.custom.plain + 1) }}"
        "{{ row('c', ticket.custom.missing|default('none')) }}"
        "{{ row('d', ['x', 1, none, true]|join('-')) }}"
        "{{ row('e', ticket.description|truncate(4)) }}"
        "{{ row('f', 'a\nb'|indent(2)) }}"
        "{{ row('g', ticket.title ~ '!' ~ 1) }}"
        "{{ row('h', 'a b'.split()|last) }}"
        "{{ row('i', 'b' in 'abc' and ticket.service is not none) }}"
        "{{ row('j', 'aXa'|replace('X', '-')) }}"
        "{% for key, value in ticket.custom|dictsort %}{{ loop.cycle('odd', 'even') }} {{ key }} {% endfor %}"
        "{{ ticket.custom.items }} {{ ticket.custom['plain'] }} {{ range(3)|list|length }} {{ 7 % 4 }} {{ 2 * 3 }}"
        "{% macro box() %}[{{ caller() }}]{% endmacro %}{% call box() %}inside{% endcall %}"
    )

    assert render(text) == (
        "a=Invoices do not print;b=2;c=none;d=x-1--True;e=xxx…;f=a\n  b;g=Invoices do not print!1;h=b;i=True;j=a-a;"
        "odd items even plain own 1 3 3 6[inside]"
    )


def test_escaping_follows_texts_through_macros_joins_and_filters() -> None:
    text = (
        "{% macro bold(t) %}<b>{{ t }}</b>{% endmacro %}{% set a = '<i>' %}"
        "{{ bold(a) }}{{ bold(a) ~ a }}{{ [bold(a), a]|join(a) }}{{ a ~ a }}"
        "{{ a|upper }}{{ a|e }}{{ bold(a)|truncate(99) }}"
    )

    assert render(text, Part.HTML) == (
        "<b>&lt;i&gt;</b>"
        "<b>&lt;i&gt;</b>&lt;i&gt;"
        "<b>&lt;i&gt;</b>&lt;i&gt;&lt;i&gt;"
        "&lt;i&gt;&lt;i&gt;"
        "&lt;I&gt;"
        "&lt;i&gt;"
        "&lt;b&gt;&lt;i&gt;&lt;/b&gt;"
    )


def test_the_largest_ticket_that_a_job_carries_is_no_huge_output() -> None:
    ticket = external(description="&" * 32_768, resolution='"' * 32_768, title="<" * 32_768).ticket
    text = "{{ ticket.description|line_breaks }}{{ ticket.resolution }}{{ ticket.title }}" * 2
    renderer = JinjaRenderer(templates(**{"t.en.html.j2": text}))

    rendered = renderer.render("t", "en", Part.HTML, {"ticket": ticket})

    assert OUTPUT_BYTES / 2 < len(rendered) < OUTPUT_BYTES


def test_a_file_is_compiled_once() -> None:
    renderer = JinjaRenderer(templates(**{"t.en.txt.j2": "{{ language }}"}))
    compiled: list[object] = []

    class Counting(TemplateEnvironment):
        def _generate(
            self, source: nodes.Template, name: str | None, filename: str | None, defer_init: bool = False
        ) -> str:
            compiled.append(name)
            return super()._generate(source, name, filename, defer_init)

    renderer._environment.__class__ = Counting
    for _ in range(3):
        assert renderer.render("t", "en", Part.TEXT, {"language": "en"}) == "en"

    assert compiled == ["t.en.txt.j2"]


def test_nothing_is_rendered_outside_of_limits() -> None:
    with pytest.raises(LookupError):
        current_rendering()
