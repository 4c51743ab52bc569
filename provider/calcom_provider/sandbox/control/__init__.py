"""Steer a running sandbox: faults, lag, changes behind a reader's back, its endpoints."""
