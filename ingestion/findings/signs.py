"""The signs of text that speaks to a model, and what each weighs.

Gaps are bounded and no repetition stands within another, so that no text makes an expression slow.
"""

import re
from collections.abc import Iterable
from typing import NamedTuple


class Sign(NamedTuple):
    """A sign and what it weighs; 1 is enough by itself.

    Attributes:
        stems: Texts (lower case) of which one stands in every match; a search for them is cheap, and the expression is
            tried only around them.
        reach_chars: How far before and after a stem a match may go.
    """

    name: str
    weight: float
    stems: tuple[str, ...]
    expression: re.Pattern[str]
    reach_chars: int


def _sign(name: str, weight: float, stems: str, any_of: Iterable[str], *, reach_chars: int = 60) -> Sign:
    expression = re.compile("|".join(any_of), re.IGNORECASE)
    return Sign(name, weight, tuple(stem.strip() for stem in stems.split(",")), expression, reach_chars)


_GAP = r"[^.!?\n]"  # within a sentence
_UNDO = (
    r"(?:ignore|disregard|forget|override|overrule|bypass|neglect|discard|abandon"
    r"|(?:do not|don't|stop) (?:follow|obey)\w*)"
)
_EARLIER = r"(?:previous|prior|above|preceding|earlier|past|existing|initial|original|all|any|your|former|these)"
_ORDERS = (
    r"(?:instruction|prompt|rule|guideline|direction|command|programming|training|constraint|request|restriction"
    r"|boundar|safety|directive|polic|everything|filter|configuration|protocol)"
)
_REPLY = r"(?:your|the) (?:final |next |first )?(?:answer|response|reply|output|message|summary)"
_TELL = (
    r"(?:reveal|show|repeat|print|output|display|tell|share|provide|leak|give|recite|dump|disclose|translate|encode"
    r"|list|spell|what(?:'s| is| are| was| were))"
)
_PROMPT = r"(?:system (?:prompt|message)|prompt|instructions|configuration|security settings|unique id|guardrails)"
_LIMIT = (
    r"(?:restriction|limit|filter|rule|boundar|ethic|moral|censor|constraint|restraint|guideline|warning|disclaimer)"
)
_OBEYED = r"(?:rule|restriction|limit|filter|ethic|moral|openai|guideline|polic|censor|refuse|consequence)"

STRONG = (
    _sign(
        "undoes orders",
        1.0,
        "ignore, disregard, forget, overrul, overrid, bypass, neglect, discard, abandon, not follow, n't follow,"
        "stop follow, not obey, n't obey, stop obey",
        [rf"\b{_UNDO}\b{_GAP}{{0,40}}?\b{_EARLIER}\b{_GAP}{{0,30}}?\b{_ORDERS}"],
        reach_chars=120,
    ),
    _sign(
        "undoes orders in another language",
        1.0,
        "ignorier, vergiss, missacht, ignore, oublie, ignora, olvid, caso omiso, dimentica, esqueça, negeer, zignoruj,"
        "игнорируй, забудь, 忽略, 无视, 忘记, 無視, 忘れ",
        [
            rf"(?:ignorier\w*|vergiss|missachte\w*){_GAP}{{0,40}}(?:anweisung|befehl|regel|vorgabe)",
            rf"(?:ignore[rz]?|oublie[rz]?){_GAP}{{0,40}}(?:instruction|consigne|règle|directive)",
            rf"(?:ignor[ae]|olvid[ae]|haz caso omiso){_GAP}{{0,40}}(?:instrucci|regla|órden|indicaci)",
            rf"(?:ignora|dimentica){_GAP}{{0,40}}(?:istruzion|regol|comand)",
            rf"(?:ignore|esqueça){_GAP}{{0,40}}(?:instruç|regra)",
            rf"negeer{_GAP}{{0,40}}(?:instructie|opdracht|regel)",
            rf"zignoruj{_GAP}{{0,40}}(?:instrukcj|poleceni)",
            rf"(?:игнорируй|забудь)\w*{_GAP}{{0,40}}(?:инструкци|указани|правил)",
            r"(?:忽略|无视|忘记)[^。！？\n]{0,20}(?:指令|指示|提示|规则|要求)",
            r"(?:指示|命令|指令)[^。\n]{0,10}(?:無視|忘れ)",
        ],
    ),
    _sign(
        "asks for the prompt",
        1.0,
        "prompt, instructions, system message, configuration, security settings, unique id, guardrails",
        [rf"\b{_TELL}\b{_GAP}{{0,40}}\b(?:your|system|initial|hidden|secret|above)\b{_GAP}{{0,25}}{_PROMPT}\b"],
        reach_chars=100,
    ),
    _sign(
        "gives a role",
        0.6,
        "act as, act like, role, you are now, you are going, you are no, you are about, you are operating,"
        "you are in dev, you are dan, you are a, pretend, from now on, in character, you will, simulate, imagine",
        [
            r"\bact (?:as|like) (?:if|an? (?:ai|evil|unfiltered|\w{0,15} ?(?:bot|model|assistant))|dan\b)",
            r"\brole ?-?play(?:ing)? as\b",
            r"\byou are (?:now |going to |no longer |about to )",
            r"\byou are (?:operating|in developer|dan\b|an? (?:ai|omniscient|language model))",
            r"\bpretend (?:that |to be |you|as)",
            rf"\bfrom now on\b{_GAP}{{0,40}}\byou",
            r"\bstay in character|\bin (?:the )?character (?:as|of)\b|\bthe role of (?:an|another)\b",
            r"\byou will (?:act|be called|play|simulate|respond|answer|always|never|be in|pretend)",
            r"\bsimulate (?:an? )?(?:ai|chat|persona|being|unrestricted)",
            r"\bimagine (?:that )?you(?:'re| are)\b",
        ],
    ),
    _sign(
        "lifts limits",
        0.6,
        "unfiltered, uncensored, amoral, unrestricted, unethical, unrestrained, jailbr, anything now, developer mode,"
        "no limits, dan, without, with no, free of, free from, freed, bound, limited, constrained, rule, restrict,"
        "limit, filter, ethic, moral, openai, guideline, polic, censor, refuse, consequence, breaks, breaking,"
        "break free, break char, break the, unlock, disregards",
        [
            r"\b(?:unfiltered|uncensored|amoral|unrestricted|unethical|unrestrained|jailbr[eo]\w+)\b",
            r"\b(?:do anything now|developer mode|no limits|dan)\b",
            rf"\bwith(?:out| no) (?:any |moral |ethical |further ){{0,3}}{_LIMIT}",
            r"\b(?:free|freed|unbound) (?:of|from|by) (?:all|your|any|the|its|typical) ",
            r"\b(?:not|never|no longer) (?:be )?(?:bound|restricted|limited|constrained) (?:by|to)",
            r"\b(?:does|do|must|will|can|has|have|need|is|are) ?(?:not|n't|no|never) "
            rf"(?:have |follow |abide |care |any |adhere |comply |refuse |to ){{0,4}}{_OBEYED}",
            r"\bbreak(?:s|ing)? (?:free|character|the rules)",
            r"\bunlock(?:ed|ing)? (?:hidden|your|all|full)|\bdisregards? all",
        ],
    ),
    _sign(
        "orders words into the answer",
        0.7,
        "answer, response, reply, output, message, summary",
        [
            rf"\b(?:in|to|at the (?:end|start|beginning) of|with|into) {_REPLY}\b",
            r"\b(?:modify|enhance|start|begin|end|finish|alter|change|adjust|provide|write|format|prefix|encode"
            rf"|integrate) (?:all |each of |every )?{_REPLY}",
            rf"\b{_REPLY} (?:must|should|will|has to|needs to|in (?:base64|reverse|anagram))",
        ],
        reach_chars=40,
    ),
    _sign(
        "rewrites the answer",
        0.4,
        "answer, response, reply, output",
        [
            r"\b(?:modify|enhance|alter|replace|combine|introduce|integrate|insert|embed|append)\b"
            rf"{_GAP}{{0,60}}\b{_REPLY}"
        ],
        reach_chars=90,
    ),
    _sign(
        "sends data out",
        0.6,
        "![, onerror, onload, javascript:, <script",
        [
            r"!\[[^\]\n]{0,80}\]\(https?://[^)\s]{0,200}[\[{?]",
            r"<img[^>\n]{0,200}onerror|<svg[^>\n]{0,100}onload|<script\b",
            r"href ?= ?['\"]?javascript:",
        ],
        reach_chars=300,
    ),
    _sign(
        "hides from the user",
        0.7,
        "the user, end user, to user, anyone, human, avoid detection",
        [
            r"\b(?:do not|don't|never|without) (?:tell|inform|mention|alert|reveal|notify)\w*"
            rf"{_GAP}{{0,30}}\b(?:user|anyone|human)",
            r"\b(?:not|never) (?:be )?(?:shown|displayed|visible) to the (?:end )?user",
            r"\bavoid detection",
        ],
    ),
    _sign(
        "imitates the frame of a prompt",
        0.8,
        "<|im_, <|sys, <|end, <|user, <|assis, [inst, [/inst, <<sys, <</sys, <system, </system, <assistant,"
        "</assistant, <user, </user, ###, ***, ===, system, assistant:, assistant prompt, assistant message,"
        "assistant :",
        [
            r"<\|(?:im_start|im_end|system|endoftext|user|assistant)\|>|\[/?INST\]|<</?SYS>>",
            r"</?(?:system|assistant|user)[ _-]?(?:prompt|message)?>",
            r"(?:^|\n)\W{0,5}(?:system|assistant)(?: prompt| message)? ?:|[{\[(]system\b ?:",
            r"(?:#{3}|\*{3}|={3}) ?(?:new|important|system|end of|begin|priority|user)\b",
        ],
        reach_chars=30,
    ),
)
"""Looked for everywhere."""

WEAK = (
    _sign(
        "names a model",
        0.4,
        "",
        [
            r"\blanguage model|\bchat ?gpt|\bgpt-?[345]|\b\w{2,12}gpt\b|\bopen ?ai\b|\bchat ?bot|\bllm\b",
            r"\bai (?:assistant|model|chatbot|system)|\b(?:as )?an ai\b|\bthe ai\b",
        ],
    ),
    _sign(
        "says the exact words",
        0.5,
        "",
        [
            r"\bthe following (?:string|anchor|sentence|phrase|text|image|link|code|base64)|\bexactly as it is",
            r"\b(?:respond|reply|answer|say) (?:only|with only|just)\b",
            rf"\binclude (?:it|this|the) {_GAP}{{0,30}}\bresponse",
            r"\brepeat (?:the|this) (?:word|sequence|phrase|sentence)|\b\d{2,4} times\b",
            r"\bwith no (?:further|other|additional) (?:context|text|words)",
        ],
    ),
    _sign(
        "fills in a placeholder",
        0.4,
        "",
        [r"\bsubstitute\b|\bplacehol\w+|\bwhere QUERY\b|\bbase ?64\b|\bdecode the\b|\brot ?13\b"],
    ),
    _sign(
        "gives new orders",
        0.5,
        "",
        [
            r"\b(?:new|important|updated|real|actual|following|secret) (?:and \w+ )?(?:instruction|order)s?\b",
            r"\byour (?:new|real|only|next|main) (?:task|goal|job|role|mission|objective)|\byour task is to\b",
            r"\bpriority task|\b(?:previous|prior|earlier|all|above) (?:instruction|request|order|prompt|command)s?\b",
        ],
    ),
    _sign(
        "presses",
        0.3,
        "",
        [
            r"\b(?:crucial|imperative|important|essential|vital) (?:that )?you\b|\bit'?s important,? you",
            r"\bthis is (?:only )?a test\b|\b(?:testing|debugging|research|verification) (?:purpose|mode)",
            r"\bi made a mistake\b|\bpunish|\benable debugging",
            r"\bsystem (?:malfunction|maintenance|override|alert|error)",
            r"\byou must (?:comply|obey|always|answer|never|not)|\bfor security (?:verification|purposes)",
            r"\bhypothetical (?:response|scenario|story)",
        ],
    ),
)
"""These count only beside one of the others, so they are looked for only there; their stems do not matter."""
