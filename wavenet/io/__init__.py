"""Files: sound, feature frames, manifests, the model file, atomic writing, the cache."""
