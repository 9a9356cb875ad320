"""Training conversations from recipes: sources → recipes → conversations → files in three formats."""
