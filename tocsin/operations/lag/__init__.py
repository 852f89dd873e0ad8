"""How far the consumers are behind, and how they are doing."""
