"""What is kept of events: organisation, kind, ids and times."""
