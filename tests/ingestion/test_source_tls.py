"""Encrypted pages: the connection goes to a checked address, under the name that was asked for."""

import http.server
import ssl
import threading
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from ingestion.sources import web_client
from ingestion.sources.web_address import address_rules
from ingestion.sources.web_client import UnreachableError, WebClient

NAME = "wiki.example.org"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """A file with a certificate for one name, signed by itself, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, NAME)])
    now = datetime.now(UTC)
    made = (
        x509
        .CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(NAME)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    plain = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    path = tmp_path_factory.mktemp("tls") / "both.pem"
    path.write_bytes(made.public_bytes(serialization.Encoding.PEM) + key.private_bytes(*plain))
    return path


@pytest.fixture
def site(certificate, monkeypatch):
    """The port of a server that answers with the name it was asked for, by TLS and by HTTP."""
    asked = []

    class Request(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            body = f"{asked[-1]} {self.headers['Host']}".encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    class Server(http.server.ThreadingHTTPServer):
        def handle_error(self, *_):
            pass  # a client that does not trust us hangs up

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    context.sni_callback = lambda _socket, name, _context: asked.append(name)
    server = Server(("127.0.0.1", 0), Request)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    web_client._tls.cache_clear()
    yield server.server_port
    web_client._tls.cache_clear()
    server.shutdown()
    thread.join()
    server.server_close()


def fetched(name, port):
    rules = address_rules((), (f"{name}:{port}",), look_up=lambda _host, _port: ["127.0.0.1"])
    client = WebClient(rules, max_bytes=1000, pause=lambda _: None)
    try:
        with client.get(rules.read(f"https://{name}:{port}/")) as response:
            return response.read(1000).decode()
    finally:
        client.close()


def test_the_name_is_asked_for_although_the_connection_goes_to_the_address(site):
    assert fetched(NAME, site) == f"{NAME} {NAME}:{site}"


def test_a_certificate_of_another_name_is_not_trusted(site):
    with pytest.raises(UnreachableError, match="certificate verify failed"):
        fetched("other.example.org", site)


def test_a_certificate_that_nobody_vouches_for_is_not_trusted(site, monkeypatch):
    monkeypatch.delenv("SSL_CERT_FILE")
    web_client._tls.cache_clear()
    with pytest.raises(UnreachableError, match="certificate verify failed"):
        fetched(NAME, site)
