"""An OpenID Connect provider (pyop) that runs as a process of its own: python oidc_server.py PORT REDIRECT_URI.

People are in its memory: ``PUT /people/NAME`` with their claims. ``login_as=NAME`` at the authorization endpoint stands
for the form that a browser would show. ``POST /rotate`` signs with a new key from then on. ``PUT /next`` with JSON has
the token endpoint answer with that once, whatever it is asked.
"""

import json
import sys
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlencode, urlsplit

from Cryptodome.PublicKey import RSA
from jwkest.jwk import RSAKey
from pyop.authz_state import AuthorizationState
from pyop.exceptions import InvalidAuthenticationRequest, OAuthError
from pyop.provider import Provider
from pyop.subject_identifier import HashBasedSubjectIdentifierFactory
from pyop.userinfo import Userinfo

CLIENT_ID, CLIENT_SECRET = "attune", "s3cret-of-the-client"


class Service:
    def __init__(self, issuer, redirect_uri):
        self.people = {}
        self.keys = 0
        self.next = None
        about = {
            "issuer": issuer.replace("http:", "https:"),  # pyop insists; loopback needs none
            "authorization_endpoint": f"{issuer}/authorization",
            "token_endpoint": f"{issuer}/token",
            "jwks_uri": f"{issuer}/keys",
            "userinfo_endpoint": f"{issuer}/userinfo",
            "response_types_supported": ["code"],
            "scopes_supported": ["openid", "profile", "email"],
            "subject_types_supported": ["public"],
            "token_endpoint_auth_methods_supported": ["client_secret_basic"],
        }
        client = {"client_secret": CLIENT_SECRET, "redirect_uris": [redirect_uri], "response_types": ["code"]}
        self.provider = Provider(
            self.new_key(),
            about,
            AuthorizationState(HashBasedSubjectIdentifierFactory("salt")),
            {CLIENT_ID: client},
            Userinfo(self.people),
            extra_scopes={"profile": ["preferred_username", "name", "groups"]},
        )
        self.provider.configuration_information["issuer"] = issuer

    def new_key(self):
        self.keys += 1
        return RSAKey(key=RSA.generate(2048), alg="RS256", use="sig", kid=f"key-{self.keys}")

    def authorization(self, query):
        """Where the browser goes back to."""
        given = dict(parse_qsl(query))
        person = given.pop("login_as")
        request = self.provider.parse_authentication_request(urlencode(given))
        answer = self.provider.authorize(request, person)
        return answer.request(request["redirect_uri"])


class Door(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def __init__(self, service, *arguments):
        self.service = service
        super().__init__(*arguments)

    def do_GET(self):
        provider, url = self.service.provider, urlsplit(self.path)
        if url.path == "/authorization":
            try:
                self.answer(b"", status=302, location=self.service.authorization(url.query))
            except InvalidAuthenticationRequest as error:
                self.say({"error": str(error)}, 400)
        elif url.path == "/userinfo":
            self.say(provider.handle_userinfo_request("", self.headers).to_dict())
        elif url.path == "/keys":
            self.say(provider.jwks)
        else:
            self.say(provider.provider_configuration.to_dict())

    def do_POST(self):
        if self.path == "/rotate":
            self.service.provider.signing_key = self.service.new_key()
            self.say({})
            return
        body = self.body()
        if self.service.next is not None:
            self.say(self.service.next)
            self.service.next = None
            return
        try:
            self.say(self.service.provider.handle_token_request(body, self.headers).to_dict())
        except OAuthError as error:
            self.say({"error": error.oauth_error}, 400)
        except (KeyError, ValueError) as error:
            self.say({"error": "invalid_grant", "error_description": str(error)}, 400)

    def do_PUT(self):
        name, found = self.path.rpartition("/")[2], json.loads(self.body())
        if name == "next":
            self.service.next = found
        else:
            self.service.people[name] = found
        self.say({})

    def body(self):
        return self.rfile.read(int(self.headers["Content-Length"])).decode()

    def say(self, found, status=200):
        self.answer(json.dumps(found).encode(), status=status)

    def answer(self, content, *, status, location=None):
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        if location:
            self.send_header("Location", location)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_):
        pass


def main(port, redirect_uri):
    service = Service(f"http://127.0.0.1:{port}", redirect_uri)
    ThreadingHTTPServer(("127.0.0.1", int(port)), partial(Door, service)).serve_forever()


if __name__ == "__main__":
    main(*sys.argv[1:])
