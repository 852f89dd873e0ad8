"""How a service starts, beats, waits and stops."""
