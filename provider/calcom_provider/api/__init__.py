"""The Cal.com API v2, and nothing else: operations as data, a client, its limits, its errors."""
