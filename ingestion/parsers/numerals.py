"""Numbers of list items the way office programs write them."""

_ROMAN = (
    *((1000, "m"), (900, "cm"), (500, "d"), (400, "cd"), (100, "c"), (90, "xc"), (50, "l"), (40, "xl")),
    *((10, "x"), (9, "ix"), (5, "v"), (4, "iv"), (1, "i")),
)


def numeral(number: int, style: str) -> str:
    """Write a number in a style.

    Args:
        number: From 1; other numbers come out in decimal.
        style: ``lowerLetter``, ``upperLetter``, ``lowerRoman`` or ``upperRoman``; anything else is decimal.

    Returns:
        ``3``, ``c``, ``C``, ``iii`` or ``III``.
    """
    if number < 1:
        return str(number)
    if style.endswith("Letter"):
        # a ... z, then aa, bb.
        written = chr(ord("a") + (number - 1) % 26) * ((number - 1) // 26 % 10 + 1)
    elif style.endswith("Roman") and number < 4000:
        written = _roman(number)
    else:
        return str(number)
    return written.upper() if style.startswith("upper") else written


def _roman(number: int) -> str:
    written = ""
    for value, digits in _ROMAN:
        written += digits * (number // value)
        number %= value
    return written
