"""The console by HTTP: routes, pages, and who may open them."""
