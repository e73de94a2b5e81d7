"""Keys and tokens, by the named plugins of detect-secrets; nothing that guesses by entropy, which prose sets off."""

import re
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, NamedTuple

from ingestion.findings.spots import Spot

if TYPE_CHECKING:
    from detect_secrets.plugins.base import RegexBasedDetector


class _Plugin(NamedTuple):
    """A plugin and where in a text it is worth asking.

    Attributes:
        module: Of the plugin, in ``detect_secrets.plugins``.
        mark: Stands in every secret of the kind. The search for it is far faster than the plugin's own expressions,
            and a stretch around it bounds what they may walk over; None: they are bounded and fast by themselves.
        before: Characters before the mark that may belong to the secret.
        after: Characters from the mark on.
        grouped: The secret is a group of the expression, the rest says whose it is.
    """

    module: str
    mark: str | None = None
    before: int = 0
    after: int = 1_200
    grouped: bool = False


# Not among them: the entropy and keyword plugins (false alarms on prose), IPPublicDetector (an address is personal
# data, not a secret), Artifactory, IBM COS and SoftLayer (any word that begins with AP, a hash beside the word key).
_PLUGINS = {
    "AWSKeyDetector": _Plugin("aws", "(?:A3T[A-Z0-9]|ABIA|ACCA|AKIA|ASIA)(?=[0-9A-Z]{16})|(?i:aws)", 0, 150, True),
    "AzureStorageKeyDetector": _Plugin("azure_storage_key", "AccountKey="),
    "BasicAuthDetector": _Plugin("basic_auth", "://", grouped=True),
    "CloudantDetector": _Plugin("cloudant", "(?i:cloudant|clou)", 150, 300, True),
    "DiscordBotTokenDetector": _Plugin("discord"),
    "GitHubTokenDetector": _Plugin("github_token"),
    "GitLabTokenDetector": _Plugin("gitlab_token", "gl[a-z]{2,5}-|GR1348941"),
    "IbmCloudIamDetector": _Plugin("ibm_cloud_iam", "(?i:ibm|iam)", 10, 150, True),
    "JwtTokenDetector": _Plugin("jwt", "(?<![A-Za-z0-9_=-])eyJ", 0, 8_000),
    "MailchimpDetector": _Plugin("mailchimp", "-us[0-9]", 32, 6),
    "NpmDetector": _Plugin("npm", "/:_authToken=", 150, 150),
    "OpenAIDetector": _Plugin("openai", "T3BlbkFJ", 200, 40),
    "PrivateKeyDetector": _Plugin("private_key", "PRIVATE KEY|PuTTY-User-Key-File", 30, 40),
    "PypiTokenDetector": _Plugin("pypi_token", "pypi-A"),
    "SendGridDetector": _Plugin("sendgrid"),
    "SlackDetector": _Plugin("slack", "(?i:xox[abpors]-|https://hooks\\.slack)"),
    "SquareOAuthDetector": _Plugin("square_oauth"),
    "StripeDetector": _Plugin("stripe", "k_live_", 1, 40),
    "TelegramBotTokenDetector": _Plugin("telegram_token"),
    "TwilioKeyDetector": _Plugin("twilio"),
}
RULES = tuple(_PLUGINS)

# The plugin finds the line that a key begins with; the key is what follows.
_END_OF_KEY = re.compile(r"-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----")
_CUT_OFF_KEY = re.compile(r"[-\w+/=:,. \n]{0,20000}")
_MAX_KEY_CHARS = 20_000


# A line as PEM wraps them, in which all kinds of characters stand, and the lines behind it.
_KEY_LINES = re.compile(
    r"(?m)^[ \t]{0,8}(?=\S{0,75}[a-z])(?=\S{0,75}[A-Z])(?=\S{0,75}\d)[A-Za-z0-9+/]{60,76}={0,2}[ \t]{0,8}$"
    r"(?:\n[ \t]{0,8}[A-Za-z0-9+/]{4,76}={0,2}[ \t]{0,8}$)*(?:\n[ \t]{0,8}-----END [A-Z0-9 ]{0,40}-----)?"
)


def find_key_lines(text: str) -> list[Spot]:
    """Find lines from the middle of a private key: a chunk of a document may hold them without their beginning.

    In a whole document they would be false alarms: certificates and pictures are written so too.

    Returns:
        Where they stand, under the rule of private keys.
    """
    return [Spot(*found.span(), "PrivateKeyDetector") for found in _KEY_LINES.finditer(text)]


def find_secrets(text: str) -> list[Spot]:
    """Find keys and tokens.

    Returns:
        Where they stand; the name of the plugin is the rule.
    """
    spots: dict[Spot, None] = {}
    for name in _PLUGINS:
        covered = 0
        for start, end in _windows(name, text):
            if end > covered:
                found = list(_found(name, text, start, end))
                covered = max([covered, *(spot.end for spot in found)])
                spots |= dict.fromkeys(found)
    return list(spots)


def _windows(name: str, text: str) -> Iterator[tuple[int, int]]:
    _, mark, before, after, _ = _PLUGINS[name]
    if mark is None:
        yield 0, len(text)
        return
    done = 0
    for match in _compiled(mark).finditer(text):
        # The next one is looked at when this stretch leaves less than half of what it may need.
        if match.start() >= done:
            yield max(match.start() - before, 0), min(match.start() + after, len(text))
            done = match.start() + after // 2 if after > before else match.end()


def _found(name: str, text: str, start: int, end: int) -> Iterator[Spot]:
    plugin = _plugin(name)
    for expression in plugin.denylist:
        for match in expression.finditer(text, start, end):
            group = _PLUGINS[name].grouped and match.lastindex
            first, last = match.span(group or 0)
            if name == "JwtTokenDetector" and not _is_jwt(plugin, match.group()):
                continue
            if name == "PrivateKeyDetector":
                first, last = _whole_key(text, first, last)
            yield Spot(first, last, name)


def _is_jwt(plugin: "RegexBasedDetector", token: str) -> bool:
    return bool(plugin.is_formally_valid(token))  # type: ignore[attr-defined]  # only this plugin has it


def _whole_key(text: str, first: int, last: int) -> tuple[int, int]:
    if text.endswith("-----", 0, first):
        first -= 5
    end = _END_OF_KEY.search(text, last, last + _MAX_KEY_CHARS) or _CUT_OFF_KEY.match(text, last)
    return first, end.end() if end else last


@cache
def _compiled(mark: str) -> re.Pattern[str]:
    return re.compile(mark)


@cache
def _plugin(name: str) -> "RegexBasedDetector":
    plugin: RegexBasedDetector = getattr(import_module(f"detect_secrets.plugins.{_PLUGINS[name].module}"), name)()
    return plugin
