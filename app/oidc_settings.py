"""The part of the settings that says which OpenID Connect provider people sign in with, and who approves what."""

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings


class OidcSettings(BaseSettings):
    """Sign-ins with a provider (docs/identity.md) and approvals (docs/approvals.md)."""

    public_url: str | None = Field(
        default=None,
        description="How browsers reach this server, as https://host; sign-ins with a provider come back to it.",
    )
    oidc_issuer: str | None = Field(
        default=None, description="OpenID Connect provider that people sign in with; passwords only when unset."
    )
    oidc_client_id: str | None = Field(default=None, description="Id of this server at the provider.")
    oidc_client_secret: SecretStr | None = Field(
        default=None, description="Secret of this server at the provider; a public client has none."
    )
    oidc_name: str = Field(
        default="single sign-on", min_length=1, max_length=60, description="How the page calls the provider."
    )
    oidc_scopes: str = Field(
        default="openid profile email", description="Scopes asked of the provider, parted by spaces, openid among them."
    )
    oidc_groups_claim: str = Field(
        default="groups", min_length=1, description="Claim whose values stand for groups, as each group names them."
    )
    oidc_name_claim: str = Field(
        default="preferred_username",
        min_length=1,
        description="Claim that a new user is named after; email and then the subject where it is missing.",
    )
    oidc_timeout_s: float = Field(
        default=10.0, gt=0, le=60, description="Longest wait for the provider in one step of a sign-in."
    )
    approvals: int = Field(
        default=2,
        ge=1,
        le=2,
        description="People it takes to train or promote a model: 2, one asks and another approves; 1, the same may.",
    )
