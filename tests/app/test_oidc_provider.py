"""What is believed of a provider: a server of our own that says whatever a test wants it to say."""

import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey
from joserfc.jws import JWSRegistry
from joserfc.registry import HeaderParameter

from app.identity.errors import ProviderError, SignInRefusedError
from app.identity.oidc import MAX_GROUPS, Identity, provider_of
from app.identity.oidc_logins import Login
from app.oidc_settings import OidcSettings
from retrieval.errors import InvalidInputError

LOGIN = Login(state="state", nonce="the nonce", verifier="v" * 64)
KEY = RSAKey.generate_key(2048, {"kid": "one", "use": "sig"})
OTHER = RSAKey.generate_key(2048, {"kid": "one"})
RULE = {"rule": HeaderParameter("A rule that nobody here knows", "str")}
ANY_ALGORITHM = JWSRegistry(RULE, algorithms=list(JWSRegistry.algorithms), strict_check_header=False)


class Liar:
    """Serves what a provider serves; each part can be replaced."""

    def __init__(self):
        liar = self

        class Door(BaseHTTPRequestHandler):
            def do_GET(self):
                liar.answer(self, self.path)

            def do_POST(self):
                liar.form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
                liar.authorization = self.headers.get("Authorization")
                liar.answer(self, self.path)

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Door)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.begin()

    def begin(self):
        """Be honest."""
        self.form, self.authorization, self.asked = {}, None, []
        self.about = {
            "issuer": self.url,
            "authorization_endpoint": f"{self.url}/authorize",
            "token_endpoint": f"{self.url}/token",
            "jwks_uri": f"{self.url}/keys",
        }
        self.keys = [KEY.as_dict(private=False)]
        self.tokens = {"access_token": "access", "id_token": self.id_token()}
        self.raw = {}

    def claims(self, **changed):
        now = int(time.time())
        whole = {
            "iss": self.url,
            "sub": "subject",
            "aud": "attune",
            "exp": now + 300,
            "iat": now,
            "nonce": LOGIN.nonce,
            "preferred_username": "ann",
            "groups": ["/legal"],
        }
        return {name: value for name, value in (whole | changed).items() if value is not None}

    def id_token(self, key=KEY, header=None, **claims):
        head = {"alg": "RS256", "kid": "one"} | (header or {})
        return jwt.encode(head, self.claims(**claims), key, algorithms=[head["alg"]], registry=ANY_ALGORITHM)

    def answer(self, door, path):
        self.asked.append(path)
        documents = {"/token": self.tokens, "/keys": {"keys": self.keys}}
        status, headers, content = self.raw.get(path) or (200, {}, json.dumps(documents.get(path, self.about)).encode())
        door.send_response(status)
        for name, value in headers.items():
            door.send_header(name, value)
        door.end_headers()
        pieces = content if isinstance(content, list) else [content]
        try:
            for piece in pieces:
                door.wfile.write(piece)
                if len(pieces) > 1:
                    time.sleep(0.05)
        except OSError:
            pass  # the client has had enough

    def provider(self, **settings):
        given = {
            "public_url": "https://attune.example",
            "oidc_issuer": self.url,
            "oidc_client_id": "attune",
            "oidc_client_secret": "s3cret",
        }
        return provider_of(OidcSettings(**given | settings))

    def identity(self, **settings):
        return self.provider(**settings).identity("the code", LOGIN)


@pytest.fixture(scope="module")
def only_liar():
    liar = Liar()
    yield liar
    liar.server.shutdown()
    liar.server.server_close()


@pytest.fixture
def liar(only_liar):
    only_liar.begin()
    return only_liar


def test_an_honest_provider_is_believed(liar):
    assert liar.identity() == Identity(liar.url, "subject", "ann", "ann", ("/legal",))
    assert liar.form["code_verifier"] == [LOGIN.verifier]
    assert liar.form["redirect_uri"] == ["https://attune.example/v1/oidc/callback"]
    assert liar.authorization.startswith("Basic ")


def test_a_public_client_sends_no_secret(liar):
    liar.identity(oidc_client_secret=None)
    assert (liar.authorization, liar.form["client_id"]) == (None, ["attune"])


def test_a_secret_goes_into_the_form_where_the_provider_wants_it_there(liar):
    liar.about["token_endpoint_auth_methods_supported"] = ["client_secret_post"]
    liar.identity()
    assert (liar.authorization, liar.form["client_secret"]) == (None, ["s3cret"])


@pytest.mark.filterwarnings("ignore:EdDSA is deprecated")  # by its name only; most providers write it
@pytest.mark.parametrize("algorithm", ["PS256", "ES256", "EdDSA", "Ed25519"])
def test_other_signatures_with_a_public_key_are_believed(liar, algorithm):
    kinds = {"PS256": lambda: KEY, "ES256": lambda: ECKey.generate_key("P-256", {"kid": "two"})}
    key = kinds.get(algorithm, lambda: OKPKey.generate_key("Ed25519", {"kid": "two"}))()
    liar.keys.append(key.as_dict(private=False))
    liar.tokens["id_token"] = liar.id_token(key, {"alg": algorithm, "kid": key.kid})
    assert liar.identity().subject == "subject"


def test_keys_that_are_not_for_signatures_or_no_keys_at_all_are_passed_over(liar):
    liar.keys = [5, {"kty": "new"}, {"kty": "RSA", "n": "AQ", "e": "AQAB"}, {"kty": "EC", "crv": "P-256"}, *liar.keys]
    assert liar.identity().subject == "subject"


def corrupted(token):
    head, _, signature = token.split(".")
    _, body, _ = token.replace("a", "b").split(".")
    return f"{head}.{body}.{signature}"


FORGED = {
    "no algorithm": lambda liar: liar.id_token(OctKey.import_key("x" * 32), {"alg": "none"}),
    "the public key as a secret": lambda liar: liar.id_token(
        OctKey.import_key(json.dumps(KEY.as_dict(private=False))), {"alg": "HS256"}
    ),
    "the client's secret": lambda liar: liar.id_token(OctKey.import_key("s3cret" * 8), {"alg": "HS256"}),
    "a hash that is not allowed": lambda liar: liar.id_token(KEY, {"alg": "RS512"}),
    "another key under the same id": lambda liar: liar.id_token(OTHER),
    "a key that is not listed": lambda liar: liar.id_token(KEY, {"kid": "unheard-of"}),
    "a key that the token brings along": lambda liar: liar.id_token(
        OTHER, {"kid": "brought", "jwk": OTHER.as_dict(private=False)}
    ),
    "a header that must be understood": lambda liar: liar.id_token(KEY, {"crit": ["rule"], "rule": "x"}),
    "another audience": lambda liar: liar.id_token(aud="somebody-else"),
    "several audiences and no authorized party": lambda liar: liar.id_token(aud=["attune", "somebody-else"]),
    "another authorized party": lambda liar: liar.id_token(aud=["attune", "b"], azp="b"),
    "no audience": lambda liar: liar.id_token(aud=None),
    "an audience that is a number": lambda liar: liar.id_token(aud=5),
    "another issuer": lambda liar: liar.id_token(iss="https://elsewhere.example"),
    "the issuer with a slash": lambda liar: liar.id_token(iss=liar.url + "/"),
    "the issuer among others": lambda liar: liar.id_token(iss=[liar.url]),
    "no issuer": lambda liar: liar.id_token(iss=None),
    "expired": lambda liar: liar.id_token(exp=int(time.time()) - 120),
    "no end": lambda liar: liar.id_token(exp=None),
    "an end that is a text": lambda liar: liar.id_token(exp="never"),
    "made tomorrow": lambda liar: liar.id_token(iat=int(time.time()) + 86_400),
    "not good yet": lambda liar: liar.id_token(nbf=int(time.time()) + 3_600),
    "no beginning": lambda liar: liar.id_token(iat=None),
    "another nonce": lambda liar: liar.id_token(nonce="of another sign-in"),
    "no nonce": lambda liar: liar.id_token(nonce=None),
    "another access token": lambda liar: liar.id_token(at_hash="AAAAAAAAAAAAAAAAAAAAAA"),
    "no subject": lambda liar: liar.id_token(sub=None),
    "an empty subject": lambda liar: liar.id_token(sub=""),
    "a subject that is a number": lambda liar: liar.id_token(sub=5),
    "a subject with a NUL": lambda liar: liar.id_token(sub="a\0b"),
    "an endless subject": lambda liar: liar.id_token(sub="a" * 256),
    "cut off": lambda liar: liar.id_token()[:-20],
    "without a signature": lambda liar: liar.id_token().rpartition(".")[0],
    "an empty signature": lambda liar: liar.id_token().rpartition(".")[0] + ".",
    "changed": lambda liar: corrupted(liar.id_token()),
    "four parts": lambda liar: liar.id_token() + ".x",
    "not base64": lambda _: "!.!.!",
    "not ASCII": lambda _: "ä.ä.ä",
    "nothing": lambda _: "",
    "no text": lambda _: {"alg": "RS256"},
    "oversized": lambda liar: liar.id_token(more="x" * 200_000),
    "an oversized header": lambda liar: liar.id_token(KEY, {"x": "x" * 2_000}),
    "more groups than anybody has": lambda liar: liar.id_token(groups=[str(n) for n in range(MAX_GROUPS + 1)]),
}


@pytest.mark.filterwarnings("ignore:JWS algorithm .none. is deprecated")  # of whoever forges with it
@pytest.mark.parametrize("forged", FORGED)
def test_a_forged_id_token_is_refused(liar, forged):
    liar.tokens["id_token"] = FORGED[forged](liar)
    with pytest.raises(SignInRefusedError):
        liar.identity()


@pytest.mark.parametrize("keys", [[], [OctKey.import_key("x" * 32).as_dict()], "none", [{"kty": "RSA"}]])
def test_without_a_usable_key_nobody_is_believed(liar, keys):
    liar.keys = keys
    with pytest.raises(SignInRefusedError):
        liar.identity()


def test_what_the_id_token_lacks_is_asked_for(liar):
    liar.tokens["id_token"] = liar.id_token(groups=None, preferred_username=None)
    liar.about["userinfo_endpoint"] = f"{liar.url}/userinfo"
    more = {"sub": "subject", "preferred_username": "ann", "groups": ["/hr"], "iss": "https://elsewhere.example"}
    liar.raw["/userinfo"] = (200, {}, json.dumps(more).encode())
    assert liar.identity() == Identity(liar.url, "subject", "ann", "ann", ("/hr",))


def test_what_is_said_of_somebody_else_is_refused(liar):
    liar.tokens["id_token"] = liar.id_token(groups=None)
    liar.about["userinfo_endpoint"] = f"{liar.url}/userinfo"
    liar.raw["/userinfo"] = (200, {}, b'{"sub": "somebody else", "groups": ["/board"]}')
    with pytest.raises(SignInRefusedError):
        liar.identity()


def test_who_has_no_name_is_called_by_address_or_subject(liar):
    liar.tokens["id_token"] = liar.id_token(preferred_username=None, email="ann@example.org")
    assert liar.identity().name == "ann@example.org"
    liar.tokens["id_token"] = liar.id_token(preferred_username=["ann"], email=5)
    assert liar.identity().name == "subject"


NONSENSE = {
    "an error": (500, {}, b"the stack of the provider"),
    "another page": (302, {"Location": "https://elsewhere.example/"}, b""),
    "no JSON": (200, {}, b"<html>"),
    "a list": (200, {}, b"[]"),
    "endless nesting": (200, {}, b"[" * 100_000),
    "half a text": (200, {}, b"\xff\xfe{"),
    "too much": (200, {}, b'{"a": "' + b"x" * 600_000 + b'"}'),
    "compressed": (200, {"Content-Encoding": "gzip"}, b"\x1f\x8b"),
    "cut off": (200, {"Content-Length": "1000"}, b"{}"),
    "no HTTP header": (200, {"A\x00": "b"}, b"{}"),
}


@pytest.mark.parametrize("nonsense", NONSENSE)
@pytest.mark.parametrize("path", ["/.well-known/openid-configuration", "/token", "/keys"])
def test_a_provider_that_makes_no_sense_is_an_error_of_ours_without_its_words(liar, path, nonsense):
    liar.raw[path] = NONSENSE[nonsense]
    with pytest.raises((ProviderError, SignInRefusedError)) as raised:
        liar.identity()
    assert "stack" not in str(raised.value)


def test_a_provider_that_drips_is_given_up_in_time(liar):
    liar.raw["/keys"] = (200, {}, [b" "] * 400)
    began = time.monotonic()
    with pytest.raises(ProviderError, match="takes too long"):
        liar.identity(oidc_timeout_s=1)
    assert time.monotonic() - began < 5


def test_a_provider_that_is_gone_is_an_error_of_ours():
    provider = provider_of(
        OidcSettings(public_url="https://a.example", oidc_issuer="http://127.0.0.1:9", oidc_client_id="attune")
    )
    with pytest.raises(ProviderError, match="cannot be reached"):
        provider.authorization_url(LOGIN)


@pytest.mark.parametrize("part", ["authorization_endpoint", "token_endpoint", "jwks_uri", "userinfo_endpoint"])
@pytest.mark.parametrize(
    "url", ["http://elsewhere.example/x", "file:///etc/passwd", "https://", "https://u:p@e.example/", 5, "//e.example/"]
)
def test_addresses_that_are_not_https_are_not_spoken_with(liar, part, url):
    liar.about[part] = url
    with pytest.raises(ProviderError, match="not HTTPS"):
        liar.identity()
    assert liar.asked == ["/.well-known/openid-configuration"]


def test_a_provider_that_calls_itself_by_another_name_is_refused(liar):
    liar.about["issuer"] = "https://elsewhere.example"
    with pytest.raises(ProviderError, match="calls itself"):
        liar.identity()


@pytest.mark.parametrize(
    "wrong",
    [
        {"oidc_client_id": None},
        {"public_url": None},
        {"public_url": "attune.example"},
        {"oidc_issuer": "http://elsewhere.example"},
        {"oidc_issuer": "https://u:p@elsewhere.example"},
        {"oidc_scopes": "profile"},
    ],
)
def test_settings_that_cannot_work_are_refused_at_the_start(liar, wrong):
    with pytest.raises(InvalidInputError):
        liar.provider(**wrong)
