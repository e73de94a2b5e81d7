"""An OpenID Connect provider: where it wants people sent, and whom it says has come back."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar
from urllib.parse import urlsplit

from anyio import CapacityLimiter
from authlib.integrations.httpx_client import AsyncOAuth2Client

from app.identity.errors import ProviderError, SignInRefusedError
from app.identity.id_token import checked_claims, usable_keys
from app.identity.oidc_http import exchanged, fetched, is_loopback, is_safe_url, spoken
from app.identity.oidc_logins import Login
from app.oidc_settings import OidcSettings
from retrieval.errors import InvalidInputError
from retrieval.rows import storable

CALLBACK = "/v1/oidc/callback"
MAX_SUBJECT_CHARS = 255
MAX_GROUPS = 2_000
AT_ONCE = 4
Result = TypeVar("Result")
_METADATA = "/.well-known/openid-configuration"
_ENDPOINTS = ("authorization_endpoint", "token_endpoint", "jwks_uri")


@dataclass(frozen=True, slots=True)
class Identity:
    """Whom a provider says somebody is.

    Attributes:
        issuer: Who says so; with ``subject`` the only thing that tells people apart.
        subject: Never given to anybody else by this issuer.
        name: To sign in with, as the provider has it; it may be taken here, or be no name at all.
        display_name: For people.
        groups: Values of the groups claim.
    """

    issuer: str
    subject: str
    name: str
    display_name: str
    groups: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class OidcProvider:
    """The provider of some settings, as ``provider_of`` made sure of.

    Nothing it says is kept between two sign-ins: a key that it withdraws is worth nothing from the next one on.

    Attributes:
        limiter: How many threads may wait for it: when it is slow, questions are not.
    """

    settings: OidcSettings
    limiter: CapacityLimiter = field(default_factory=lambda: CapacityLimiter(AT_ONCE))

    @property
    def issuer(self) -> str:
        """Its URL, exactly as ID tokens must name it."""
        return self.settings.oidc_issuer or ""

    @property
    def redirect_uri(self) -> str:
        """Where it sends people back to."""
        return (self.settings.public_url or "").rstrip("/") + CALLBACK

    def authorization_url(self, login: Login) -> str:
        """Return where a browser is sent to sign in.

        Raises:
            ProviderError: The provider cannot be asked for it.
        """

        async def talk(client: AsyncOAuth2Client) -> str:
            endpoint = (await self._metadata(client))["authorization_endpoint"]
            asked = {"state": login.state, "nonce": login.nonce, "code_verifier": login.verifier}
            return str(client.create_authorization_url(endpoint, **asked)[0])

        return self._spoken(talk)

    def identity(self, code: str, login: Login) -> Identity:
        """Return whom the provider says has come back with a code.

        Args:
            code: As the browser brought it.
            login: With which it was sent there.

        Returns:
            Who it is.

        Raises:
            ProviderError: The provider cannot be asked, or does not honour the code.
            SignInRefusedError: What it says does not hold.
        """

        async def talk(client: AsyncOAuth2Client) -> Identity:
            metadata = await self._metadata(client)
            client.token_endpoint_auth_method = self._authentication(metadata)
            token = await exchanged(client, metadata["token_endpoint"], code=code, verifier=login.verifier)
            keys = (await fetched(client, metadata["jwks_uri"])).get("keys")
            access_token = _text(token.get("access_token"))
            claims = checked_claims(
                token.get("id_token"),
                usable_keys(keys if isinstance(keys, list) else []),
                {"issuer": self.issuer, "client_id": self.settings.oidc_client_id or "", "nonce": login.nonce},
                access_token=access_token,
            )
            return self._identity(await self._completed(client, metadata, claims, access_token))

        return self._spoken(talk)

    def _spoken(self, talk: Callable[[AsyncOAuth2Client], Awaitable[Result]]) -> Result:
        secret = self.settings.oidc_client_secret
        return spoken(
            talk,
            timeout_s=self.settings.oidc_timeout_s,
            client_id=self.settings.oidc_client_id,
            client_secret=secret.get_secret_value() if secret else None,
            redirect_uri=self.redirect_uri,
            scope=self.settings.oidc_scopes,
            code_challenge_method="S256",
        )

    async def _metadata(self, client: AsyncOAuth2Client) -> Mapping[str, Any]:
        found = await fetched(client, self.issuer.rstrip("/") + _METADATA)
        if found.get("issuer") != self.issuer:
            raise ProviderError("the provider calls itself by another URL than ATTUNE_OIDC_ISSUER")
        # A provider elsewhere must not have this server speak with what listens on its own machine.
        loopback = is_loopback(urlsplit(self.issuer).hostname or "")
        wanted = _ENDPOINTS + (("userinfo_endpoint",) if found.get("userinfo_endpoint") else ())
        if not all(is_safe_url(found.get(name), loopback=loopback) for name in wanted):
            raise ProviderError("the provider names addresses that are not HTTPS")
        return found

    def _authentication(self, metadata: Mapping[str, Any]) -> str:
        if self.settings.oidc_client_secret is None:
            return "none"
        known = metadata.get("token_endpoint_auth_methods_supported")
        posted = isinstance(known, list) and "client_secret_basic" not in known and "client_secret_post" in known
        return "client_secret_post" if posted else "client_secret_basic"

    async def _completed(
        self, client: AsyncOAuth2Client, metadata: Mapping[str, Any], claims: dict[str, Any], access_token: str
    ) -> dict[str, Any]:
        """Ask for what the ID token does not hold: many providers put groups and names elsewhere."""
        wanted = {self.settings.oidc_groups_claim, self.settings.oidc_name_claim}
        endpoint = metadata.get("userinfo_endpoint")
        if wanted <= claims.keys() or not endpoint or not access_token:
            return claims
        more = await fetched(client, endpoint, bearer=access_token)
        if more.get("sub") != claims["sub"]:
            raise SignInRefusedError("the provider speaks of somebody else", reason="userinfo")
        return more | claims

    def _identity(self, claims: Mapping[str, Any]) -> Identity:
        subject, settings = claims["sub"], self.settings
        if not subject or len(subject) > MAX_SUBJECT_CHARS or not storable(subject):
            raise SignInRefusedError("the provider's word for who this is does not hold", reason="subject")
        name = _text(claims.get(settings.oidc_name_claim)) or _text(claims.get("email")) or subject
        groups = claims.get(settings.oidc_groups_claim)
        listed = groups if isinstance(groups, list) else [groups]
        known = tuple(dict.fromkeys(value for value in listed if isinstance(value, str) and storable(value)))
        if len(known) > MAX_GROUPS:
            raise SignInRefusedError(f"the provider names more than {MAX_GROUPS:,} groups", reason="groups")
        return Identity(self.issuer, subject, name, _text(claims.get("name")) or name, known)


def provider_of(settings: OidcSettings) -> OidcProvider | None:
    """Return the provider of some settings; None when there is none.

    Raises:
        InvalidInputError: A setting is missing, or cannot be one.
    """
    if settings.oidc_issuer is None:
        return None
    if not settings.oidc_client_id or not settings.public_url:
        raise InvalidInputError("ATTUNE_OIDC_ISSUER needs ATTUNE_OIDC_CLIENT_ID and ATTUNE_PUBLIC_URL")
    for name in ("oidc_issuer", "public_url"):
        url = getattr(settings, name)
        if not is_safe_url(url, loopback=True) or urlsplit(url).query:
            raise InvalidInputError(f"ATTUNE_{name.upper()} is no URL that begins with https://")
    if "openid" not in settings.oidc_scopes.split():
        raise InvalidInputError("ATTUNE_OIDC_SCOPES lacks openid, without which nobody says who signs in")
    return OidcProvider(settings)


def _text(value: object) -> str:
    return value if isinstance(value, str) and storable(value) else ""
