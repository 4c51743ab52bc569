"""What each reporting view should hold, worked out from the generated organisation without its database."""
