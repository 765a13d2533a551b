"""The request and response classes alone, in process, without an application around them: all contestants in one run.

    python benchmarks/bare.py [--quick] [--json FILE] [--only hello,page] [--protocol wsgi]

A handler is called as ``handler(Request(environ))(environ, start_response)`` on WSGI, and as
``await (await handler(Request(scope, receive, send)))(scope, receive, send)`` on ASGI. The handlers, the requests, the
checks and the tables are those of request_response.py. Falcon and Bottle are not here: their responses are no
applications.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

from request_response import measure, parse_arguments, show
from timing import machine, versions, write_json

PEERS = {"wsgi": ("cardan", "werkzeug", "webob", "baize"), "asgi": ("cardan", "starlette", "baize")}


def main() -> None:
    options = parse_arguments(__doc__)
    rounds, seconds = (1, 0.0) if options.smoke else (25, 0.003) if options.quick else (201, 0.003)
    loop = asyncio.new_event_loop()
    result: dict[str, Any] = {"unit": "us per request", "versions": versions(["cardan", *PEERS["wsgi"], "starlette"])}
    print(", ".join(machine().values()))
    print(", ".join(f"{name} {number}" for name, number in result["versions"].items()))
    try:
        for protocol in [options.protocol] if options.protocol else PEERS:
            rows = {
                name: measure(protocol, name, loop, rounds, seconds, PEERS[protocol], bare=True)
                for name in options.only.split(",")
            }
            show(f"{protocol.upper()}, bare classes", rows)
            result[protocol] = rows
    finally:
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.close()
    write_json(options.json, result)


if __name__ == "__main__":
    main()
