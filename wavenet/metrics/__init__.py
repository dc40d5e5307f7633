"""How good a result is: distances between features, F0 statistics, global variance."""
