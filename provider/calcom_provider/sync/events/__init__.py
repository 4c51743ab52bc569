"""Read the rows again that events name, and merge them as a sync would; count what events had missed."""
