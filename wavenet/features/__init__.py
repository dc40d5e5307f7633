"""Features that condition a model: label tracks, mel spectrograms, WORLD parameters."""
