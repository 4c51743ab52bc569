"""Write what the warehouse knows as one HTML page that needs no network."""
