"""What a sync will cost, reckoned before it begins."""
