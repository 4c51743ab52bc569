"""Read the warehouse for the page, and what its numbers are told apart by."""
