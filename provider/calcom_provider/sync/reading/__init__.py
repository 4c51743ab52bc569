"""Read the lists of a run, one after or beside another, and hand their rows on."""
