"""Child processes for what could crash, hang or fill the memory: rules on durable_rules, messages on Jinja.

`process` starts one, with limits and without secrets, and asks it one thing at a time; `stream` asks it from an event
loop, many things at a time; `serving` is the child's own side; `framing` is how they speak.
"""
