"""Servers that speak OpenAI's API, whatever the model behind them: addresses, connections, errors."""
