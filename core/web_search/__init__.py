"""Looking a dish up on the web, for what the recipe index does not know; off by default."""
