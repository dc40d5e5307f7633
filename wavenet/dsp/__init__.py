"""Signal processing on arrays: mu-law, noise shaping, time warping, parameter generation."""
