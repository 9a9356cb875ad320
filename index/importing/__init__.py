"""`python -m index import`: foreign recipes → repaired, each once, rated → our JSONL, and a report."""
