"""ID token -> claims that the provider has signed for us, for this sign-in, just now."""

from collections.abc import Iterable, Mapping
from typing import Any

from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import JWKRegistry, KeySet, RSAKey
from joserfc.jws import JWSRegistry

from app.identity.errors import SignInRefusedError

# Only what is checked with a public key: with HS256 that key, which everybody knows, would be the secret.
ALGORITHMS = ("RS256", "PS256", "ES256", "EdDSA", "Ed25519")
LEEWAY_S = 60
_MAX_CHARS = 128 * 2**10
_MIN_RSA_BITS = 2048
_MAX_KEYS = 100
_FALSE = "the provider's word for who this is does not hold"


def checked_claims(token: object, keys: KeySet, expected: Mapping[str, str], *, access_token: str) -> dict[str, Any]:
    """Return the claims of an ID token that holds.

    Args:
        token: As the provider gave it.
        keys: Of the provider, as ``usable_keys`` returned them.
        expected: ``issuer``, ``client_id`` and ``nonce``.
        access_token: That came with it.

    Returns:
        Its claims; ``sub`` is among them.

    Raises:
        SignInRefusedError: It is forged, damaged, too old, too large, or meant for somebody else.
    """
    if not isinstance(token, str) or not token.isascii() or len(token) > _MAX_CHARS:
        raise SignInRefusedError(_FALSE, reason="id_token_form")
    registry = JWSRegistry(algorithms=ALGORITHMS, strict_check_header=False)
    options: dict[str, Any] = {
        "iss": {"essential": True, "value": expected["issuer"]},
        "aud": {"essential": True, "value": expected["client_id"]},
    }
    parameters = {"nonce": expected["nonce"], "client_id": expected["client_id"], "access_token": access_token}
    try:
        decoded = jwt.decode(token, keys, algorithms=ALGORITHMS, registry=registry)
        claims = CodeIDToken(decoded.claims, decoded.header, options, parameters)
        claims.validate(leeway=LEEWAY_S)
    except JoseError as error:
        raise SignInRefusedError(_FALSE, reason="id_token") from error
    # Base64 or JSON that is none, numbers beyond all bounds, lists in lists without end.
    except (ValueError, TypeError, KeyError, OverflowError, RecursionError) as error:
        raise SignInRefusedError(_FALSE, reason="id_token_form") from error
    return dict(claims)


def usable_keys(found: Iterable[Any]) -> KeySet:
    """Return those of a provider's keys that ID tokens may be signed with.

    Raises:
        SignInRefusedError: There is none.
    """
    keys = [key for entry in list(found)[:_MAX_KEYS] if (key := _key(entry)) is not None]
    if not keys:
        raise SignInRefusedError(_FALSE, reason="keys")
    return KeySet(keys)


def _key(entry: Any) -> Any:
    if not isinstance(entry, dict) or entry.get("kty") not in {"RSA", "EC", "OKP"} or entry.get("use", "sig") != "sig":
        return None
    try:
        key = JWKRegistry.import_key({name: value for name, value in entry.items() if name not in {"d", "key_ops"}})
        # A key is made of its numbers only when it is needed: a wrong one is found here.
        small = isinstance(key, RSAKey) and key.public_key.key_size < _MIN_RSA_BITS
    except (JoseError, ValueError, TypeError, KeyError, OverflowError):
        return None
    return None if small else key
