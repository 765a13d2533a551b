"""AWS Lambda: an application as a function that gets one event and returns one response.

The events of an HTTP API (API Gateway, payload format 2.0), of a function URL, and of an Application Load Balancer:

    from doors.aws_lambda import door
    from hello import app

    handler = door(app)  # the name that Lambda is told

The handler of the application finds the event as ``request.state["event"]``, and the context of Lambda beside it.
"""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from cardan import Dual, core

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

Event = dict[str, Any]


def door(app: Dual) -> Callable[[Event, object], Event]:
    """The function for Lambda. An error of the application is raised: Lambda logs it, and its caller gets a 502."""

    def handler(event: Event, context: object = None) -> Event:
        is_from_balancer = "elb" in event["requestContext"]
        head = head_of_balancer(event) if is_from_balancer else head_of_gateway(event)
        body = event.get("body") or ""
        data = base64.b64decode(body) if event.get("isBase64Encoded") else body.encode()
        request = core.Request(head, data, state={"event": event, "context": context})
        status, fields, chunks = 0, list[tuple[str, str]](), list[bytes]()
        for each in app.respond(request).iter_events(head.method):
            match each:
                case core.Head(status, _, sent):  # names have no case: those of one field are written alike
                    fields = [(name.title(), value) for name, value in sent]
                case core.Chunk(chunk):
                    chunks.append(chunk)
        answer = {"statusCode": status, "body": base64.b64encode(b"".join(chunks)).decode(), "isBase64Encoded": True}
        cookies = values_of(fields, "Set-Cookie")
        single = {name: ", ".join(values_of(fields, name)) for name, _ in fields if name != "Set-Cookie"}
        if not is_from_balancer:
            return answer | {"headers": single, "cookies": cookies}
        if "multiValueHeaders" in event:  # a setting of the target group; without it there is one value for each name
            return answer | {"multiValueHeaders": {name: values_of(fields, name) for name, _ in fields}}
        return answer | {"headers": single | {set_cookie(number): value for number, value in enumerate(cookies)}}

    return handler


def head_of_gateway(event: Event) -> core.RequestHead:
    """The head of a request that came by API Gateway or by a function URL."""
    http, stage = event["requestContext"]["http"], event["requestContext"].get("stage", "$default")
    fields = list(event["headers"].items())
    if event.get("cookies"):
        fields.append(("cookie", "; ".join(event["cookies"])))
    path = quote(event["rawPath"], safe="/%:@!$&'()*+,;=~")
    return core.RequestHead.from_target(
        http["method"],
        f"{path}?{event['rawQueryString']}",
        fields,
        scheme="https",
        http_version=http["protocol"].removeprefix("HTTP/"),
        root_path="" if stage == "$default" else f"/{stage}",
        client=(http["sourceIp"], 0),
    )


def head_of_balancer(event: Event) -> core.RequestHead:
    """The head of a request that came by a load balancer, which leaves the query as it was sent."""
    fields = [*pairs(event.get("multiValueHeaders")), *(event.get("headers") or {}).items()]
    query = [*pairs(event.get("multiValueQueryStringParameters")), *(event.get("queryStringParameters") or {}).items()]
    sent = {name.lower(): value for name, value in fields}
    return core.RequestHead.from_target(
        event["httpMethod"],
        event["path"] + "?" + "&".join(f"{name}={value}" for name, value in query),
        fields,
        scheme=sent.get("x-forwarded-proto", "http"),
        client=(sent.get("x-forwarded-for", "").rpartition(",")[2].strip(), 0),
    )


def pairs(values: dict[str, list[str]] | None) -> Iterable[tuple[str, str]]:
    """The pairs of a dictionary of lists."""
    return [(name, value) for name, several in (values or {}).items() for value in several]


def values_of(fields: list[tuple[str, str]], name: str) -> list[str]:
    """All values of one name."""
    return [value for each, value in fields if each == name]


def set_cookie(number: int) -> str:
    """A spelling of this name: cookies cannot be joined (RFC 9110 section 5.3), and no key is twice in a dictionary."""
    letters = "".join(c.upper() if number >> place & 1 else c for place, c in enumerate("setcookie"))
    return f"{letters[:3]}-{letters[3:]}"
