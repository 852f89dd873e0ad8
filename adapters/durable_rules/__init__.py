"""The rule matcher that runs on durable_rules, in a child process of its own.

The path of a question, by file: `matcher` asks; `encoding` turns its facts into codes; `translate`, by
`alternatives`, turns its ruleset into what durable_rules loads; `memory` knows the answers given before; `evaluation`
asks a child process for the others, through `worker` and `protocol`; `child` is that process. `limits` refuses, when
rules are loaded, what would be too much for durable_rules.
"""
