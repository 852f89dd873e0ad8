"""What checking a templates folder finds before anybody gets a message: each problem with its file and line."""

from __future__ import annotations

import pytest

from adapters.jinja.check import TemplateUse, source_problems, template_problems
from adapters.jinja.renderer import JinjaRenderer
from adapters.jinja.sources import TemplateSources
from schemas.rule_file import CustomFieldSettings
from schemas.vocabulary import Audience, MessageFormat
from tests.support.mail.messages import TEMPLATES, a_job, compose, external, internal, templates

FIELDS = {
    "severity": CustomFieldSettings("number", external=True),
    "area": CustomFieldSettings("text", external=True),
    "margin": CustomFieldSettings("number", external=False),
}


NOT = "it can't be in a message to contacts"
DECLARED = "the custom field `margin` is not declared `external`: " + NOT


def problems(text: str, path: str = "external/t.en.txt.j2", **pieces: str) -> list[str]:
    """The problems of one template in English, as a rule author sees them."""
    named = {name.replace("__", "/") + ".txt.j2": piece for name, piece in pieces.items()}
    return [str(one) for one in source_problems(templates(**{path: text, **named}), ["en"], FIELDS)]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{{ ticket.internal_notes }}", f"`internal_notes` is internal: {NOT}"),
        ("{{ ticket['internal_notes'] }}", f"`internal_notes` is internal: {NOT}"),
        ("{{ ticket.priority }}", f"`priority` is internal: {NOT}"),
        ("{{ actor }}", f"`actor` is internal: {NOT}"),
        (
            "{% set t = ticket %}{{ t.internal_notes }}",
            f"`internal_notes` is internal: {NOT}",
        ),
        (
            "{% if false %}{{ ticket.internal_notes }}{% endif %}",
            f"`internal_notes` is internal: {NOT}",
        ),
        (
            "{% macro m(t) %}{{ t.customer_link }}{% endmacro %}",
            f"`customer_link` is internal: {NOT}",
        ),
        (
            "{{ ticket.internal_notes|default('') }}",
            f"`internal_notes` is internal: {NOT}",
        ),
        ("{{ ticket.titel }}", "there is no `titel` here: did you mean `title`?"),
        ("{{ ticket.title.x }}", "this is one value, it has no `x`"),
        ("{{ persn_name }}", "there is no `persn_name` in a template: did you mean `person_name`?"),
        (
            "{{ ticket.custom.margin|default('') }}",
            DECLARED,
        ),
        (
            "{{ ticket.custom['margin'] }}",
            DECLARED,
        ),
        (
            "{{ ticket.custom.get('margin') }}",
            DECLARED,
        ),
        (
            "{{ ticket.custom.sevrity|default('') }}",
            "the custom field `sevrity` is not declared in the rule file's `fields`: did you mean `severity`?",
        ),
        ("{% include '_none.txt.j2' %}", "there is no file `_none.txt.j2` in the templates folder"),
        ("{% if %}", "Expected an expression, got 'end of statement block'"),
        (
            "{% block a %}",
            (
                "Unexpected end of template. Jinja was looking for the following tags: 'endblock'. "
                "The innermost block that needs to be closed is 'block'."
            ),
        ),
    ],
)
def test_a_wrong_name_is_found_in_its_line_and_only_once(text: str, message: str) -> None:
    assert problems(f"Hello\n{text}\n") == [f"external/t.en.txt.j2:2: {message}"]


@pytest.mark.parametrize(
    "text",
    [
        "{{ ticket.title }} {{ ticket['title'] }} {{ ticket.title.upper() }} {{ ticket.created_at|local_time }}",
        "{{ ticket.custom.severity|default(0) }} {{ ticket.custom.get('area') }}",
        "{% if ticket.custom.severity is defined %}{{ ticket.custom.severity }}{% endif %}",
        "{% for key, value in ticket.custom|dictsort %}{{ key }}{{ value }}{{ loop.index }}{% endfor %}",
        "{% set t = ticket %}{{ t.title }}{% set n %}x{% endset %}{{ n }}",
        "{% with n = 1 %}{{ n }}{% endwith %}",
        "{% for ticket in ['a'] %}{{ ticket.upper() }}{% endfor %}",
        "{% macro m(label, value) %}{{ label }}{{ value }}{% endmacro %}{{ m('a', ticket.title) }}",
        "{% if 'closed' in other_triggers and trigger == 'resolved' %}{{ keyword }}{{ language }}{% endif %}",
        "{% for i in range(3) %}{{ i }}{% endfor %}",
    ],
)
def test_what_is_right_is_no_problem(text: str) -> None:
    assert problems(text) == []


def test_a_field_that_some_tickets_lack_is_found_by_trial() -> None:
    found = problems("Severity\n{{ ticket.custom.severity }}")

    assert len(found) == 1
    assert found[0].startswith("external/t.en.txt.j2:2: fails on a ticket with no optional field (closed): ")
    assert 'ask `is defined` first, or add `|default("")`' in found[0]


def test_the_fault_that_checking_shows_is_the_one_that_a_ticket_meets() -> None:
    sources = templates(**{"external/opened.en.txt.j2": "Severity\n{{ ticket.custom.severity }}"})
    [problem] = source_problems(sources, ["en"], FIELDS)

    fails = compose(a_job(external(custom={}), format=MessageFormat.TEXT), JinjaRenderer(sources))
    works = compose(a_job(external(custom={"severity": 2}), format=MessageFormat.TEXT), JinjaRenderer(sources))

    assert fails.fault == f"{problem.file}, line {problem.line}: UndefinedError"
    assert works.fault is None


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{{ ticket.product.upper() }}", "fails on a ticket with no optional field"),
        ("{{ ticket.custom.severity|default(0) > 1 }}", "fails on a ticket whose custom fields are null"),
        (
            "{% if trigger == 'closed' %}{{ 1 / 0 }}{% endif %}",
            "fails on a ticket with every field (closed): division by zero",
        ),
        ("{% for a in range(1000) %}{% for b in range(1000) %}{{ b }}{% endfor %}{% endfor %}", "more than"),
        ("{{ ticket }}", "name a field of it"),
        ("{{ ticket.title|nothing }}", "there is no filter `nothing`"),
        ("{{ (ticket.title ~ 1).ljust(5) }}", "`ljust()` is not there in templates"),
    ],
)
def test_what_goes_wrong_only_when_it_runs_is_found_by_trial(text: str, words: str) -> None:
    found = problems(text)

    assert any(words in one for one in found)


def test_internal_templates_may_name_internal_fields() -> None:
    text = "{{ ticket.internal_notes }} {{ ticket.priority }} {{ actor }} {{ ticket.custom.margin|default('') }}"

    assert problems(text, "internal/t.en.txt.j2") == []
    assert len(problems(text, "external/t.en.txt.j2")) == 4
    assert len(problems(text, "fax/t.en.txt.j2")) == 4
    assert len(problems(text, "elsewhere/t.en.txt.j2")) == 4


def test_a_template_is_checked_for_everybody_who_reads_it() -> None:
    sources = templates(**{"internal/t.en.txt.j2": "{{ actor }}", "critical/t.en.txt.j2": "{{ actor }}"})
    contacts = [TemplateUse("internal/t", Audience.CONTACTS, MessageFormat.TEXT)]
    collaborators = [TemplateUse("critical/t", Audience.COLLABORATORS, MessageFormat.TEXT)]

    found = source_problems(sources, ["en"], {}, contacts + collaborators)

    assert [str(one) for one in found] == [f"internal/t.en.txt.j2:1: `actor` is internal: {NOT}"]


def test_pieces_are_checked_where_they_are_used() -> None:
    found = problems(
        "{% extends 'external/_frame.txt.j2' %}{% block a %}{{ other }}{% endblock %}",
        external___frame="{% import '_m.txt.j2' as m %}{% set other = 1 %}\n"
        "{{ ticket.priority }}{% block a %}{% endblock %}",
        _m="\n\n{% macro x() %}{{ nothing_such }}{% endmacro %}",
    )

    assert found == [
        "_m.txt.j2:3: there is no `nothing_such` in a template",
        f"external/_frame.txt.j2:2: `priority` is internal: {NOT}",
    ]


def test_a_piece_that_nobody_uses_is_still_read() -> None:
    assert problems("text", _unused="{% if %}") == [
        "_unused.txt.j2:1: Expected an expression, got 'end of statement block'"
    ]


def test_a_computed_piece_is_a_problem() -> None:
    found = problems("{% include ticket.title %}")

    assert found[0] == (
        "external/t.en.txt.j2:1: a computed file to extend, include or import can't be checked: write its name"
    )


def test_missing_languages_and_parts_are_named_by_the_file_that_is_missing() -> None:
    sources = templates(**{"a/t.en.txt.j2": "x", "a/t.en.html.j2": "x"})
    uses = [TemplateUse("b/u", Audience.CONTACTS, MessageFormat.TEXT)]
    advice = "a new one begins with the files b/u.en.txt.j2, b/u.fr.txt.j2 in the folder `templates`"

    assert [str(one) for one in source_problems(sources, ["en", "fr"], {}, uses)] == [
        "a/t.fr.html.j2: template `a/t` has no HTML part in language `fr`",
        "a/t.fr.txt.j2: template `a/t` has no text part in language `fr`",
        f"b/u.en.txt.j2: there is no template `b/u`: {advice}",
    ]


@pytest.mark.parametrize(
    ("written", "advice"),
    [
        ("t", "did you mean `external/t`?"),
        ("externalt", "did you mean `external/t`?"),
        ("External/T", "did you mean `external/t`?"),
        ("internal/t", "did you mean `external/t`?"),
        ("external/t.fr", "did you mean `external/t`?"),
        ("external/t_fr-CA", "did you mean `external/t`?"),
        ("external/t.html", "did you mean `external/t`?"),
        ("external/t.fr.html.j2", "did you mean `external/t`?"),
        ("external/misnamed", "the name of `external/misnamed.txt.j2` lacks its language, or what it is: rename it"),
        ("external/quite-another", ""),
    ],
)
def test_a_template_that_is_not_there_is_one_problem_with_what_was_meant(written: str, advice: str) -> None:
    sources = templates(**{"external/t.en.txt.j2": "x", "external/t.fr.txt.j2": "x", "external/misnamed.txt.j2": "x"})
    uses = [TemplateUse(written, Audience.CONTACTS, MessageFormat.HTML)]
    [found] = [one for one in source_problems(sources, ["en", "fr"], {}, uses) if one.absent]
    new = f"a new one begins with the files {written}.en.txt.j2, {written}.fr.txt.j2 in the folder `templates`"
    is_new = advice.endswith("?") and "." not in written
    wanted = f"{advice} Else {new}" if is_new else advice or new
    assert (found.absent, found.suggestion) == (written, wanted)


def test_files_that_are_no_templates_are_named() -> None:
    sources = TemplateSources({"t.txt.j2": "x", "_piece.j2": "x"}, {"latin.en.txt.j2": "the file is not UTF-8"}, "")

    found = {(one.file, one.message.split(":")[0]) for one in source_problems(sources, ["en"])}

    named = "a template's file is named NAME.LANGUAGE.txt.j2 or NAME.LANGUAGE.html.j2; "
    named += "a piece that others use is named _NAME.txt.j2 or _NAME.html.j2"
    assert found == {
        ("latin.en.txt.j2", "the file is not UTF-8"),
        ("t.txt.j2", named),
        ("_piece.j2", named),
    }


def test_a_language_that_is_declared_and_not_written_is_found_in_the_shipped_templates() -> None:
    found = template_problems(TEMPLATES, ["en", "fr", "de"])

    assert {one.file.split(".")[1] for one in found} == {"de"}
    assert len(found) == 22


def test_contexts_of_both_kinds_have_what_the_check_says() -> None:
    assert not hasattr(external().ticket, "internal_notes")
    assert internal().ticket.internal_notes == "known bug 881"
