"""The part of the settings that says how much of everything is taken."""

from pydantic import Field
from pydantic_settings import BaseSettings

DAY = "a day, regained evenly; 0 is no limit."


class LimitSettings(BaseSettings):
    """Limits of users, keys and addresses, and of the server as a whole (docs/limits.md)."""

    user_requests_per_minute: int = Field(default=600, ge=0, description="Requests of one user; 0 is no limit.")
    credential_requests_per_minute: int = Field(
        default=300, ge=0, description="Requests with one key or in one session; 0 is no limit."
    )
    user_tokens_per_day: int = Field(
        default=2_000_000, ge=0, description=f"Tokens of the language model for one user {DAY}"
    )
    credential_tokens_per_day: int = Field(
        default=2_000_000, ge=0, description=f"Tokens of the language model with one key or in one session {DAY}"
    )
    user_upload_bytes_per_day: int = Field(default=10 * 2**30, ge=0, description=f"Bytes uploaded by one user {DAY}")
    credential_upload_bytes_per_day: int = Field(
        default=10 * 2**30, ge=0, description=f"Bytes uploaded with one key or in one session {DAY}"
    )
    user_requests_at_once: int = Field(
        default=16, ge=0, description="Requests of one user that are worked on at the same time; 0 is no limit."
    )
    user_answers_at_once: int = Field(
        default=8, ge=0, description="Answers, streamed or not, being made for one user; 0 is no limit."
    )
    credential_answers_at_once: int = Field(
        default=8, ge=0, description="Answers being made with one key or in one session; 0 is no limit."
    )
    address_requests_per_minute: int = Field(
        default=60,
        ge=0,
        description="Requests without a valid credential from one IPv4 address or IPv6 /64; 0 is no limit.",
    )
    requests_at_once: int = Field(
        default=32, ge=4, le=1000, description="Requests the server works on at the same time, streams among them."
    )
    questions_at_once: int | None = Field(
        default=None,
        ge=1,
        le=1000,
        description="How many of them may be questions and searches; when unset all where a language model words the "
        "answers, else two a processor and at least 4.",
    )
    requests_waiting: int = Field(
        default=64, ge=0, le=10_000, description="Questions that may wait for a place; the next one is refused."
    )
    request_wait_s: float = Field(
        default=2.0, gt=0, le=60, description="Longest wait for a place; then the question is refused."
    )
    json_max_bytes: int = Field(
        default=8 * 2**20, gt=0, description="Largest request body that holds no file; a few routes have their own."
    )
    client_timeout_s: float = Field(
        default=20.0,
        gt=0,
        description="Time a client has for the head of a request and for taking each piece of an answer; also before "
        "a request's body must have come at 1 KiB a second.",
    )
    proxies: str = Field(
        default="127.0.0.1,::1",
        description="Addresses or networks of reverse proxies, parted by commas, whose X-Forwarded-For is believed.",
    )
