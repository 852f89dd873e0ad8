"""The console as a part of a service."""
