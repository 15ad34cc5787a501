"""An honest client in a process of its own, which calls at a steady rate while others attack: how long it waits.

python -m tests.support.honest_client PORT EPISODE     until its standard input is closed
"""

import json
import sys
import threading
import time

import httpx

SECONDS_BETWEEN = 0.01


def main() -> None:
    """Call until told to stop, and print how long the calls took."""
    port, episode = sys.argv[1:]
    stop = threading.Event()
    threading.Thread(target=lambda: (sys.stdin.read(), stop.set()), daemon=True).start()
    waited: list[float] = []
    wrong = 0
    body = {"name": "get_patron", "arguments": {"patron_id": "B2040"}}
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60) as client:
        while not stop.wait(SECONDS_BETWEEN):
            began = time.perf_counter()
            try:
                answer = client.post(f"/episodes/{episode}/calls", json=body)
                wrong += answer.status_code != 200 or answer.json()["failure"] is not None
            except httpx.HTTPError:
                wrong += 1
            waited.append(time.perf_counter() - began)
    ordered = sorted(waited) or [0.0]
    share = {
        f"p{part:g}": ordered[min(len(ordered) - 1, int(len(ordered) * part / 100))] * 1e3
        for part in (50, 90, 99, 99.9, 100)
    }
    sys.stdout.write(
        json.dumps({"calls": len(waited), "wrong": wrong, **{name: round(value, 1) for name, value in share.items()}})
    )


if __name__ == "__main__":
    main()
