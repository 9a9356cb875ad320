"""Speech recognition: one backend a file, all behind `QueuedSpeechToText`; `choice` picks one by name."""
