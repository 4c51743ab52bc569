"""Every operation of the Cal.com API v2 as data, and the check of its parameters."""
