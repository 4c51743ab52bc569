"""Parts of SQL that several views share."""
