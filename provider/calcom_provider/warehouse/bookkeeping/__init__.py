"""What the engine writes down about its own work: runs, states, page marks."""
