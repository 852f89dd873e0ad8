"""Messages as they would be rendered, without being sent."""
