"""What helpdesks post: taken in by embedded mode, or by the intake as a service of its own."""
