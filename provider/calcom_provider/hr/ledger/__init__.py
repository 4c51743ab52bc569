"""The account of every write: planned, sent, done, and what is ours because of it."""
