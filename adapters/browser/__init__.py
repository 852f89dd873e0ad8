"""A browser, run to take a picture of a page: apart from people's own, without a network, for a limited time."""
