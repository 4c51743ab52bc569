"""Make, upgrade, snapshot and remove the views of a warehouse."""
