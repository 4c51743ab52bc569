"""Attack the package for as long as it is told to, and count what holds: ``make test-chaos``."""
