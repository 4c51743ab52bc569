"""Read what an HR system hands over, and bring it into one shape by a mapping."""
