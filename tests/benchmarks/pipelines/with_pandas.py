"""The same lists by requests and pandas: collect everything, make frames, replace the tables."""

from __future__ import annotations

import argparse
import json
from typing import Any

import pandas as pd
import requests
from sqlalchemy import create_engine

arguments = argparse.ArgumentParser(description=__doc__)
arguments.add_argument("--base", required=True, help="address of the API with /v2")
arguments.add_argument("--url", required=True, help="SQLAlchemy URL")
chosen = arguments.parse_args()

session = requests.Session()
session.headers["Authorization"] = "Bearer cal_bench"
engine = create_engine(chosen.url)


def read(path: str, take: int = 0) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    while True:
        parameters = {"take": take, "skip": len(found)} if take else None
        answer = session.get(f"{chosen.base}/organizations/4242/{path}", params=parameters)
        answer.raise_for_status()
        rows = answer.json()["data"]
        found.extend(rows)
        if not take or len(rows) < take:
            return found


def save(name: str, rows: list[dict[str, Any]]) -> None:
    frame = pd.json_normalize(rows, sep="_")
    for column in frame.columns:
        if frame[column].map(lambda value: isinstance(value, list | dict)).any():
            frame[column] = frame[column].map(json.dumps)
    frame.to_sql(f"pandas_{name}", engine, if_exists="replace", index=False)


save("users", read("users", 1000))
save("memberships", read("memberships", 250))
save("ooo_entries", read("ooo", 250))
attributes = read("attributes", 250)
save("attributes", attributes)
save("attribute_options", [row for one in attributes for row in read(f"attributes/{one['id']}/options")])
save(
    "attribute_assignments",
    [
        {"attribute_id": one["id"], "option_id": row["id"], "user_id": int(person)}
        for one in attributes
        for row in read(f"attributes/{one['id']}/options/assigned", 250)
        for person in row["assignedUserIds"]
    ],
)
