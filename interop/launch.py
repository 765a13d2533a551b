"""Starts a server that needs a file of configuration, a certificate, or another server behind it.

    python -m interop.launch NAME TARGET PORT

The server takes the place of this process. What it needs besides is in the folder that INTEROP_FOLDER names.
"""

from __future__ import annotations

import datetime
import ipaddress
import os
import shutil
import socket
import subprocess
import sys
import sysconfig
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

ROOT = Path(__file__).parents[1]
HOST = "127.0.0.1"
MODULES = Path("/usr/lib/apache2/modules")
"""where Debian has the modules of Apache"""


def uwsgi(target: str, port: int, folder: Path) -> list[str]:
    """uWSGI with four threads, behind its own router of HTTP."""
    program = shutil.which("uwsgi", path=str(Path(sys.executable).parent)) or "uwsgi"
    options = [
        "--http11-socket",
        f"{HOST}:{port}",
        "--threads",
        "4",
        "--die-on-term",
        "--need-app",
        "--chdir",
        str(ROOT),
    ]
    return [program, *options, "--virtualenv", sys.prefix, "--module", target]


def mod_wsgi(target: str, port: int, folder: Path) -> list[str]:
    """Apache with mod_wsgi in daemon mode."""
    module, _, name = target.partition(":")
    script = folder / "mod_wsgi.py"
    script.write_text(f"from {module} import {name} as application\n")
    paths = ":".join([str(ROOT), str(ROOT / "src"), sysconfig.get_path("purelib")])
    config = folder / "apache.conf"
    config.write_text(f"""
ServerRoot {folder}
ServerName {HOST}
Listen {HOST}:{port}
PidFile {folder}/apache.pid
ErrorLog /dev/stderr
LoadModule mpm_event_module {MODULES}/mod_mpm_event.so
LoadModule authz_core_module {MODULES}/mod_authz_core.so
LoadModule wsgi_module {MODULES}/mod_wsgi.so
User www-data
Group www-data
WSGISocketPrefix {folder}/wsgi
WSGIDaemonProcess site processes=1 threads=4 python-path={paths}
WSGIProcessGroup site
WSGIApplicationGroup %{{GLOBAL}}
WSGIScriptAlias / {script}
<Directory {folder}>
Require all granted
</Directory>
""")
    return ["apache2", "-f", str(config), "-DFOREGROUND"]


def hypercorn_tls(target: str, port: int, folder: Path) -> list[str]:
    """hypercorn with TLS: HTTP/2 for clients that offer it."""
    cert, key = folder / "cert.pem", folder / "key.pem"
    write_certificate(cert, key)
    options = ["--certfile", str(cert), "--keyfile", str(key), "--graceful-timeout", "3"]
    options += ["--keep-alive", "30"]  # the default is 5 s, after which the clients give up, too: either could be first
    return [sys.executable, "-m", "hypercorn", *options, "--bind", f"{HOST}:{port}", target]


def write_certificate(cert: Path, key: Path) -> None:
    """Write a self-signed certificate for the loopback address that is valid for one day."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    private = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.UTC)
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(private.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(HOST))]), critical=False)
        .sign(private, hashes.SHA256())
    )
    cert.write_bytes(signed.public_bytes(serialization.Encoding.PEM))
    key.write_bytes(
        private.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )


BEHIND = {
    "gunicorn": ["gunicorn", "--no-control-socket", "--bind", "unix:{socket}"],
    "uvicorn": ["uvicorn", "--http", "httptools", "--loop", "asyncio", "--uds", "{socket}"],
}
"""The servers behind nginx: they listen at a socket of this machine."""


def nginx(behind: str, buffering: str) -> Callable[[str, int, Path], list[str]]:
    """nginx in front of another server, with buffering of requests and responses ``on`` or ``off``."""

    def command(target: str, port: int, folder: Path) -> list[str]:
        inner = folder / "inner.sock"
        inner.unlink(missing_ok=True)
        subprocess.Popen([sys.executable, "-m", *(part.format(socket=inner) for part in BEHIND[behind]), target])
        wait_for(inner)
        config = folder / "nginx.conf"
        temporary = "".join(f"{kind}_temp_path {folder}/{kind};\n" for kind in ("client_body", "proxy"))
        config.write_text(f"""
daemon off;
master_process off;
user root;
pid {folder}/nginx.pid;
error_log stderr;
events {{}}
http {{
access_log off;
{temporary}
client_max_body_size 0;
server {{
listen {HOST}:{port};
location / {{
proxy_pass http://unix:{inner};
proxy_http_version 1.1;
proxy_set_header Connection "";
proxy_set_header Host $http_host;
proxy_buffering {buffering};
proxy_request_buffering {buffering};
}}
}}
}}
""")
        return ["nginx", "-c", str(config), "-e", "stderr"]

    return command


def wait_for(path: Path) -> None:
    """Wait until something listens at this socket."""
    for _ in range(600):
        with socket.socket(socket.AF_UNIX) as probe, suppress(OSError):
            probe.connect(str(path))
            return
        time.sleep(0.05)
    raise SystemExit(f"nothing listens at {path}")


LAUNCHED = {
    "uwsgi": uwsgi,
    "mod_wsgi": mod_wsgi,
    "hypercorn-tls": hypercorn_tls,
    **{f"nginx-{on}-{behind}": nginx(behind, on) for on in ("on", "off") for behind in BEHIND},
}

if __name__ == "__main__":
    name, target, port = sys.argv[1:]
    command = LAUNCHED[name](target, int(port), Path(os.environ["INTEROP_FOLDER"]))
    os.environ["PATH"] += ":/usr/sbin"
    os.execvp(command[0], command)
