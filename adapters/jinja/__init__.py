"""Message templates on Jinja: loading, rendering within limits, and checking before they are used."""
