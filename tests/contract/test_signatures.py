"""Signatures of requests: what a request gives is what was signed (RFC 9421, the examples of appendix B.2)."""

from __future__ import annotations

from base64 import b64decode
from types import SimpleNamespace
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import load_der_public_key
from http_message_signatures import HTTPMessageVerifier, InvalidSignature, MappingKeyResolver
from http_message_signatures.algorithms import ED25519, HMAC_SHA256

from cardan import Request, Response, core
from cardan.structured import InnerList, Item
from cardan.testing import PROTOCOLS, Client

BODY = b'{"hello": "world"}'
FIELDS = {
    "Host": "example.com",
    "Date": "Tue, 20 Apr 2021 02:07:55 GMT",
    "Content-Type": "application/json",
    "Content-Digest": (
        "sha-512=:WZDPaVn/7XgHaAy8pmojAkGWoRx2UFChF41A2svX+TaPm+AbwAgBWnrIiYllu7BNNyealdVLvRwEmTHWXvJwew==:"
    ),
    "Content-Length": "18",
}
SECRET = b64decode("uzvJfB4u3N0Jy4T7NZ75MDVcr8zSTInedJtkgcu46YW4XByzNJjxBdtjUkdJPBtbmHhIDi6pcl8jsasjlTMtDQ==")
PUBLIC = load_der_public_key(b64decode("MCowBQYDK2VwAyEAJrQLj5P/89iXES9+vFgrIy29clF9CC/oPPsw3c5D0bs="))

#: algorithm, Signature-Input and Signature of an example
EXAMPLES: dict[str, tuple[Any, str, str]] = {
    "B.2.5": (
        HMAC_SHA256,
        'sig-b25=("date" "@authority" "content-type");created=1618884473;keyid="test-shared-secret"',
        "sig-b25=:pxcQw6G3AjtMBQjwo8XzkZf/bws5LelbaMk5rGIGtE8=:",
    ),
    "B.2.6": (
        ED25519,
        (
            'sig-b26=("date" "@method" "@path" "@authority" "content-type" "content-length");created=1618884473'
            ';keyid="test-key-ed25519"'
        ),
        "sig-b26=:wqcAqbmYJ2ji2glfAMaRy4gruYYnx2nEFN2HN6jrnDnQCK1u02Gb04v9EDgwUPiu4A0w6vuQv5lIp5WPpBKRCw==:",
    ),
}


class Reader(HTTPMessageVerifier):
    """Verifies the examples, which are some years old."""

    def __init__(self, algorithm: Any) -> None:
        keys: Any = {"test-shared-secret": SECRET, "test-key-ed25519": PUBLIC}
        super().__init__(
            signature_algorithm=algorithm, key_resolver=MappingKeyResolver(public_keys=keys, private_keys={})
        )

    def covered(self, request: core.BaseRequest) -> list[str]:
        """The components that a valid signature of ``request`` covers."""
        path = request.raw_path or request.path.encode()
        url = f"{request.scheme}://{request.host}{path.decode()}?{request.query_string.decode()}"
        message = SimpleNamespace(method=request.method, url=url, headers=request.headers)
        (result,) = self.verify(message, max_age=None)
        return [name.strip('"') for name in result.covered_components]


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("example", EXAMPLES)
def test_examples_of_the_rfc(protocol: Any, example: str) -> None:
    """A signature of the RFC is valid on both protocols, and not if the method or a field is another one."""
    algorithm, signed, signature = EXAMPLES[example]

    @Request.application
    def app(request: Request) -> Response:
        label = f"sig-{example.replace('.', '').lower()}"
        assert isinstance(request.signature_input[label], InnerList)
        assert request.signature_input[label].params["created"] == 1618884473
        assert request.signature[label] == b64decode(signature.partition("=:")[2].rstrip(":"))
        try:
            return Response(" ".join(Reader(algorithm).covered(request)))
        except InvalidSignature:
            return Response("invalid", 403)

    headers = {**FIELDS, "Signature-Input": signed, "Signature": signature}
    with Client(app, protocol, base_url="https://example.com") as client:
        response = client.post("/foo?param=Value&Pet=dog", content=BODY, headers=headers)
        other = client.post("/foo?param=Value&Pet=dog", content=BODY, headers={**headers, "Content-Type": "a/b"})
    assert response.text.startswith("date @")
    assert response.text.endswith("@signature-params")
    assert (other.status_code, other.text) == (403, "invalid")


@pytest.mark.parametrize("example", EXAMPLES)
def test_without_a_server(example: str) -> None:
    """A request of core is verified in the same way, and what was parsed is written as it was sent."""
    algorithm, signed, signature = EXAMPLES[example]
    fields = {**FIELDS, "Signature-Input": signed, "Signature": signature}
    head = core.RequestHead(
        "POST",
        "/foo",
        query_string=b"param=Value&Pet=dog",
        scheme="https",
        headers=[(name.lower().encode(), value.encode()) for name, value in fields.items()],
    )
    request = core.Request(head)
    assert "@authority" in Reader(algorithm).covered(request)
    ((label, member),) = request.signature_input.items()
    assert f"{label}={member.to_header()}" == signed
    assert f"{label}={Item(request.signature[label]).to_header()}" == signature
