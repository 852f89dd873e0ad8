"""Settings of an installation: declared once, read from one file and the environment, each with where it came from."""
