"""Messages are written, and templates are checked, in a child process: a template may crash, hang or fill the memory.

Delivery asks `composer`, which asks a child through `writer`. A load of rules asks `checking`. `protocol` has the
requests and answers, and `child` is the process itself. See adapters.children for how it is started and bounded.
"""
