"""Fine-tuning of language models on recipes."""
