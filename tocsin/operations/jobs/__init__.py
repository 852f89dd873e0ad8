"""Jobs as people and programs read them: in lines, and in JSON."""
