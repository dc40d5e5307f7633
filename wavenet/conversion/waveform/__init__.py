"""Sound from converted features."""
