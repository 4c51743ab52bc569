"""Hold requests back so that the API never has to refuse one: one budget for all processes."""
