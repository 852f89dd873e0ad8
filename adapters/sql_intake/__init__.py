"""States of tickets and deliveries in any relational database, see intake.ports.TicketStates."""
