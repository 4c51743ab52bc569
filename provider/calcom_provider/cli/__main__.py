"""Let ``python -m calcom_provider.cli`` run the command line."""

from __future__ import annotations

from calcom_provider.cli import main

if __name__ == "__main__":
    main()
