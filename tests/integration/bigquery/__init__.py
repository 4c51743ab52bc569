"""BigQuery through its own client, on an emulator's server."""
