"""What every other part may use: checks of arguments, arrays of sound, interrupts, threads."""
