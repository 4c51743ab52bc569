"""Snowflake through its own connector, on an emulator's server."""
