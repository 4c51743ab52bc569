"""The numbers of the report's page in plain SQL over the synced tables, written without looking at the views."""
