"""The rule matcher that runs on durable_rules, in a child process of its own.

The path of a question, by file: `matcher` is asked. `encoding` turns its facts into codes; `translate` and
`alternatives` turn its ruleset into what durable_rules loads. `memory` has the answers given before; `evaluation` asks
a child process for the others, through `worker` and `protocol`; `child` is that process. `limits` refuses rules, when
they are loaded, that would be too much for durable_rules.
"""
