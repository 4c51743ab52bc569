"""What can go wrong, one module for each way."""
