"""Show the provider at work against the sandbox."""
