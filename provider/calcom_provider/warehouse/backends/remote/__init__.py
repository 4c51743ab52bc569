"""What databases share to which each statement is a round trip of tenths of a second, or costs money."""
