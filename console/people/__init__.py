"""The people of the console: their accounts, what they may, how they sign in, and what they did."""
