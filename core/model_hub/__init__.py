"""Model folders from Hugging Face and ModelScope: listed, chosen, fetched, checked. Never any code."""
