"""What rules are called: in messages, and in the marks that stand in the place of what was redacted."""

from ingestion.findings import personal, secrets

_NAMES = {
    "email": ("an e-mail address", "e-mail"),
    "phone": ("a phone number", "phone number"),
    "credit_card": ("a payment card number", "card number"),
    "iban": ("an IBAN", "IBAN"),
    "ip_address": ("an IP address", "IP address"),
    "person": ("a name of the directory of people", "name"),
    "speaks_to_model": ("text that speaks to a language model", "instructions to a model"),
    "hidden_text": ("text that no reader of the original sees", "hidden text"),
}
MARKS = (
    {rule: f"[{mark}]" for rule, (_, mark) in _NAMES.items()}
    | {rule: "[personal number]" for rule in personal.RULES if rule not in _NAMES}
    | dict.fromkeys(secrets.RULES, "[secret]")
)
"""By rule, what readers see instead."""


def in_words(rule: str) -> str:
    """Name what a rule finds, with its article."""
    if rule in _NAMES:
        return _NAMES[rule][0]
    if rule in secrets.RULES:
        return f"a key, token or password ({rule.removesuffix('Detector')})"
    return f"a personal number ({rule})"
