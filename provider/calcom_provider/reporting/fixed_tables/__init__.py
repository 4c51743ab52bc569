"""The small tables that the views need and that no sync fills."""
