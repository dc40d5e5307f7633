"""Recurrent sequence models: configuration, samples and generation on the C++ core."""
