"""Many organisations: which is read when, so that promises about their age are kept."""
