"""wavenet: learn the distribution of sound sample by sample, and generate it fast on a CPU."""
