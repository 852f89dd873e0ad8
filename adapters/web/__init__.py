"""What is offered by HTTP."""
