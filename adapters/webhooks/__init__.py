"""Posts to addresses of helpdesks, by HTTP."""
