"""Run the demo: ``python -m calcom_provider.sandbox.demo``."""

from __future__ import annotations

from calcom_provider.sandbox.demo.run import main

if __name__ == "__main__":
    raise SystemExit(main())
