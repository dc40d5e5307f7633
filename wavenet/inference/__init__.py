"""Generation and scoring on the C++ core."""
