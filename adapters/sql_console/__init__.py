"""What the console keeps of its people in any relational database, see console.people.ports."""
