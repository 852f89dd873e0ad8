"""What the console says, in English and French, and how it writes times and numbers."""
