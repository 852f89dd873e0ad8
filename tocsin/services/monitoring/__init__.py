"""What is seen of a service from outside: metrics, lag, liveness, readiness, and lines of the log."""
