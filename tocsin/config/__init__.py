"""What an installation is told, and the adapters that are built from it."""
