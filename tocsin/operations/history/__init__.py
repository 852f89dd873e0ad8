"""What was decided, from the decisions that were kept: nothing is decided anew."""
