"""What the person who decides about a plan sees: totals, guards, people, and rows that are not written."""
