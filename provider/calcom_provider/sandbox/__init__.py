"""Imitate Cal.com's API v2 on a loopback port, for demos, tests and the development of DAGs.

It holds a seeded organisation in memory and no recorded answers. It shares nothing with the client but the
catalogue of operations.
"""

from __future__ import annotations

from calcom_provider.sandbox.server import Sandbox

__all__ = ["Sandbox"]
