"""Rule files and templates that change while a service runs."""
