"""From pairs of recordings to a fitted converter."""
