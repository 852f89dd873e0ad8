"""Adapters built from the settings: one module for each outside thing."""
