"""What `tocsin check` finds in rule files, templates, rule tests and directory; one file for each kind of finding."""
