"""Servers of our own, on free ports of loopback; those of the machine are left alone."""
