"""The whole bot as its users run it: `python -m bot …` in processes of its own."""
