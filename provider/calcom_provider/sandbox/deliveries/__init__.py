"""Send webhooks as the real API was seen to: which subscriptions are told, what they are told, what gets lost."""
