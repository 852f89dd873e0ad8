"""What goes over the wire: every type that leaves or enters a process, and the JSON Schemas drawn from them."""
