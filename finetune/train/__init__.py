"""Teaching a model: LoRA, QLoRA or all weights, on one device or many (docs/decisions/0012-training.md)."""
