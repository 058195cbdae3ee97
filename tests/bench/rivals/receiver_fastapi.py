"""The receiver as one would write it in Python: FastAPI on uvicorn with uvloop and httptools. It verifies E2B's signature
over the raw body, drops duplicates by id and keeps the state of each sandbox. RIVAL_STORE=memory keeps all of it in
dicts; RIVAL_STORE=FILE commits each event to SQLite, as durable as ours (WAL, synchronous FULL), before it answers."""
import base64
import hashlib
import hmac
import json
import os
import sqlite3

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse

SECRET = os.environ["RIVAL_SECRET"].encode()
STORE = os.environ["RIVAL_STORE"]
STATES = {"created": "running", "resumed": "running", "updated": None, "paused": "paused", "killed": "killed"}

app = FastAPI()
seen: set[str] = set()
sandboxes: dict[str, dict] = {}
database = None
if STORE != "memory":
    database = sqlite3.connect(STORE)
    database.execute("PRAGMA journal_mode=WAL")
    database.execute("PRAGMA synchronous=FULL")
    database.execute("CREATE TABLE events(id TEXT PRIMARY KEY, type TEXT, time TEXT, sandbox_id TEXT, raw BLOB)")


def is_signed(body: bytes, signature: str) -> bool:
    expected = base64.b64encode(hashlib.sha256(SECRET + body).digest()).rstrip(b"=").decode()
    return hmac.compare_digest(expected, signature.rstrip("="))


def apply(event: dict) -> None:
    sandbox = sandboxes.setdefault(event["sandbox_id"], {"state": "running", "events": 0, "runtime_ms": 0})
    state = STATES.get(event["type"].rsplit(".", 1)[-1])
    if state:
        sandbox["state"] = state
    sandbox["events"] += 1
    execution = (event.get("event_data") or {}).get("execution")
    if execution:
        sandbox["runtime_ms"] += execution.get("execution_time", 0)


@app.post("/webhooks/e2b")
async def receive(request: Request) -> JSONResponse:
    body = await request.body()
    if not is_signed(body, request.headers.get("e2b-signature", "")):
        return JSONResponse({"code": 401, "message": "wrong signature"}, 401)
    event = json.loads(body)
    if event["id"] not in seen:
        if database:
            with database:
                database.execute("INSERT OR IGNORE INTO events VALUES (?, ?, ?, ?, ?)",
                                 (event["id"], event["type"], event["timestamp"], event["sandbox_id"], body))
        seen.add(event["id"])
        apply(event)
    return JSONResponse({"status": "ok", "event_id": event["id"]})
