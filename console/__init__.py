"""The console: what people see and do in a browser. Who they are and what they may, and what each screen shows."""
