"""Before and after: how well models answer held-out conversations about recipes."""
