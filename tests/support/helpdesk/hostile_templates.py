"""Templates that do what no count of work foresees: in C, between two looks at the clock."""

from __future__ import annotations

_MILLION = "{% set s = 'f' %}" + "{% set s = s ~ s %}" * 20
_WORDS = "{% set s = 'a ' %}" + "{% set s = s ~ s %}" * 19

HTML = {
    "46,000 elements in each other": "<style>p { color: red }</style>"
    "{% for a in range(46) %}{% for b in range(10) %}" + "<div>" * 100 + "{% endfor %}{% endfor %}",
    "140,000 style sheets that never end": "{% for a in range(1000) %}" + "<style " * 140 + "{% endfor %}",
}
TEXT = {
    "integers of a million digits": _MILLION
    + "{% set n = s|int(0, 16) %}{% set d = s[:500000]|int(0, 16) %}"
    + "{{ n // d > n }}" * 30,
    "gigabytes of words": _WORDS + "{% set words = [" + "s.split()," * 150 + "] %}",
}
