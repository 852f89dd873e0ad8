"""Engine and sender at work in one process: wired together, with what they are told from outside."""
