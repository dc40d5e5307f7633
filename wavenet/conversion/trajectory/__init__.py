"""What gives converted features the movement and the spectrum of speech."""
