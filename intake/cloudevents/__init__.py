"""Events that a helpdesk posts itself, as the HTTP binding of CloudEvents 1.0.2 has them."""
