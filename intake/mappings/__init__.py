"""Mappings: what a helpdesk's payload says about a ticket. Pure; a mapping knows no state.

`mapping.py` applies a mapping to a post; `build.py` makes it from the content of a mapping file, or names all that is
wrong there. Below: `paths.py` (JSONPath), `sources.py` and `values.py` (how one value is found), `kinds.py` (what may
stand in a field), `times.py`, `payload.py` (what may be posted at all).
"""
