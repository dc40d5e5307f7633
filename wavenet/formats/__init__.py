"""Files: the project's own model file and importers of other projects' checkpoints."""
