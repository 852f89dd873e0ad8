"""Whether a post comes from whom it says it does, and the answers that helpdesks ask for beforehand."""
