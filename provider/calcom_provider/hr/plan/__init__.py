"""What would be written, whose it is, and whether the guards allow it."""
