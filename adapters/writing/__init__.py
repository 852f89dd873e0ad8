"""Messages are written, and templates are checked, in a child process: a template may crash, hang or fill the memory.

`composer` is what delivery asks, through a `writer`; `checking` is what a load of rules asks; `protocol` is what they
say to the child, and `child` is that process. See adapters.children for how it is started and bounded.
"""
