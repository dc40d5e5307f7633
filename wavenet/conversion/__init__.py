"""GMM voice conversion: alignment, joint-density mixture, trajectories, the converter."""
