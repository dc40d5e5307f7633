"""The joint density of source and target features."""
