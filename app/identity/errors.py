"""What can go wrong when somebody signs in with a provider."""

from retrieval.errors import AttuneError


class ProviderError(AttuneError):
    """The provider cannot be reached, or does not speak OpenID Connect as it must; none of its words are repeated.

    Attributes:
        reason: One lasting word for the audit log.
    """

    reason = "provider"


class SignInRefusedError(AttuneError):
    """Somebody is not signed in.

    Attributes:
        reason: One lasting word for the audit log.
    """

    def __init__(self, message: str, *, reason: str) -> None:
        super().__init__(message)
        self.reason = reason
