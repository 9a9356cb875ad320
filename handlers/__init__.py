"""What a message asks for; one feature a file, no platform types."""
