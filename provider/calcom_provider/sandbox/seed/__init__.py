"""Fill a world with a believable organisation."""
