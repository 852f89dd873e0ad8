"""Loading the directory's topic from files: what would change, and what may."""
