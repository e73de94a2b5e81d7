"""Questions that are after the model instead of the documents: its prompt, or its rules.

What a document says to a model is one thing, what a person asks another: "Can my manager override the existing policy?"
and "How do I ignore all rules in Outlook?" are questions that an assistant must answer. So orders count only where they
are given, not where they are asked about, and a prompt only where it is the assistant's. Otherwise the signs of
``signs.py`` count here too. ``bench/guards.py`` measures both sides.
"""

import re
import unicodedata
from typing import Literal, get_args

from ingestion.findings.instructions import heaviest

Attack = Literal["prompt_extraction", "jailbreak"]
RULES: tuple[str, ...] = get_args(Attack)

_ENOUGH = 1.0 - 1e-9
_GAP = r"[^.!?\n]"
_UNSEEN = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\U000e0000-\U000e007f]")

_TELL = (
    r"(?:reveal|show|repeat|print|output|display|tell|share|provide|leak|give|recite|dump|disclose|divulge|translate"
    r"|encode|convert|reverse|list|spell|paste|post|copy|write|quote|describe|explain|state|summari[sz]e|echo|return"
    r"|say|see|read|access|continue|complete|respond with|answer with|what(?:'s| is| are| was| were))"
)
_ENDS = (
    r"(?=\s*(?:$|[.?!,;:)\"'”]|\b(?:verbatim|in full|word for word|exactly|backwards|to me"
    r"|in (?:base64|json|reverse|full)|with (?:rot-?13|base64)"
    r"|as (?:an? )?(?:\w+ )?(?:json|base64|text|code|poem|song|list|table|story)|starting|from the)\b))"
)
_SAID = (
    r"you (?:(?:were|have been|are|got|had) (?:\w+ )?(?:given|told|instructed|shown|sent|supposed)|received|got)"
    r"(?! (?:for|on|about|from (?:hr|it|my|the|our))\b)"
)
# The assistant's own words before the conversation, whatever is to be done with them: no document's are called so.
_PROMPT = (
    r"\b(?:your|ur) (?:\w+ ){0,2}(?:pre-?prompt|guardrails|system[ -](?:prompt|message|instruction|configuration)s?"
    r"|(?:initial|starting|original|hidden|secret|internal|base) (?:instruction|directive|message|configuration)s?"
    r"|prompt(?! (?:repl|respon|action|attention|payment|help|answer|feedback|reaction|delivery|service))s?)\b"
)
_THE_PROMPT = (
    rf"(?:\b(?:the|this|its|full|entire|whole|initial|hidden|secret|starting|original) "
    rf"(?:system |user |initial |hidden |full )?(?:prompt|system (?:message|instructions?)){_ENDS}"
    rf"|\bsystem prompt{_ENDS}"
    rf"|\b(?:your|ur) (?:\w+ ){{0,2}}(?:instructions?|directives?|guidelines|rules|unique id|security settings"
    rf"|configuration(?: file)?|context(?: window)?)(?:{_ENDS}|(?= for (?:security|verification|debug|quality)))"
    rf"|\b(?:prompt|instructions?|rules|guidelines|text|message|words?|everything|all)\b{_GAP}{{0,30}}\b{_SAID})"
)
_EXTRACTION = (
    _PROMPT,
    rf"\b{_TELL}\b{_GAP}{{0,60}}{_THE_PROMPT}",
    rf"\b{_TELL}\b{_GAP}{{0,30}}\b(?:everything|all|text|words?|content|lines?|message|paragraphs?|sentences?)"
    r"(?: \w+){0,3} (?:above(?! the\b)|before this|preceding this|prior to this)",
    rf"\b{_TELL}\b{_GAP}{{0,20}}\b(?:above|preceding|previous) (?:text|words?|message|prompt|instructions?)"
    rf"(?: but|{_ENDS})",
    rf"\b(?:what|which|how|who)\b{_GAP}{{0,30}}\byou\b{_GAP}{{0,20}}"
    r"\b(?:told|instructed|programmed|prompted|not (?:supposed|allowed|permitted) to (?:tell|say|reveal|disclose))\b",
    rf"\bwhat (?:rules|guidelines|instructions|orders) (?:do|must|should|did|are|were) you (?:\w+ ){{0,3}}"
    rf"(?:follow|obey|given|receive|get|told){_ENDS}",
    r"\b(?:rules|guidelines|instructions|orders) (?:were|are|have|did) you (?:\w+ ){0,2}(?:given|told|receive)\b",
    rf"\b(?:rules|guidelines|instructions) you (?:must|should|have to|are required to) (?:follow|obey){_ENDS}",
    r"\b(?:first|initial) (?:message|instruction|line)s? (?:in|of) (?:this|our|your) (?:conversation|chat|context)\b",
    r"['\"“‘](?:i was (?:instructed|told|programmed) to|i am instructed to|my instructions are|the system prompt is"
    r"|my (?:system |initial )?prompt)\b",
    r"\b(?:start|begin)\w* with (?:the (?:phrase|words?) )?['\"“‘]you are\b|<secret>|</?system[_ -]?prompt>",
    rf"\byou\b{_GAP}{{0,40}}\bbefore (?:this|our) (?:conversation|chat)\b",
    rf"\b(?:before|at the (?:start|beginning) of) (?:this|our) (?:conversation|chat){_GAP}{{0,30}}"
    r"\byou (?:were|got|had)\b",
)
# "Your system prompt" in other languages: whoever writes it there means the assistant's.
_ELSEWHERE = (
    r"\b(?:dein|ihr|euer|eur|dies)e?[nrms]?\s(?:\w+\s){0,2}(?:system-?|start-?)?"
    r"(?:prompt|systemnachricht|systemanweisung\w*|anweisungen(?!\s(?:für|zu)))",
    r"\b(?:den|des|der|die)\s(?:system-?|start-?)prompts?\b|\bwas (?:wurde dir|hat man dir)\b.{0,30}\bgesagt",
    r"\b(?:prompt|message|instructions?|consignes?)\s(?:du |de )?(?:syst[èe]me|initiale?s?)\b(?!\sd)",
    r"\b(?:tes|ton|vos|votre)\s(?:prompt|instructions|consignes)\b(?!\s(?:pour|sur|d))",
    r"\b(?:prompt|mensaje|mensagem|instruções|istruzioni|messaggio|instrucciones)\s(?:de |del |do |di )?"
    r"(?:sistema|inicial\w*|inizial\w*)\b(?!\sd)",
    r"\b(?:tu|tus|seu|suas|tuo|tue)\s(?:prompt|instrucciones|instruções|istruzioni)\b(?!\s(?:para|per|sobre|de))",
    r"\b(?:je|jouw|uw|din|dina|ditt)\s(?:systeem|system)?-?(?:prompt|instructies|instruktioner|instrukser)\b(?!\s(?:voor|för))",
    r"\b(?:twój|twoje|swój|swoje)\s(?:\w+\s)?(?:prompt|instrukcj\w*)|\bprompt\w* systemow\w*",
    r"системн\w+\s(?:промпт|подсказк)\w*|\b(?:тво\w|свои|ваш\w?)\s(?:\w+\s)?(?:инструкци\w+|промпт\w*)",
    r"系统(?:提示|指令)|システム(?:プロンプト|指示)|시스템 ?(?:프롬프트|메시지)|你的(?:提示词|指令|初始)",
    r"theachtaireacht chórais|aitheantais uathúil|\bdo chumraíocht|teachdaireachd siostam|\bid sònraichte",
    r"cheist t(?:ùsail|osaigh)|kërkes\w+ (?:tënde )?(?:të |e )?(?:sistemit|fillestare)|id-në tënde|konfigurimin tënd",
    r"\bwesistimu\b|\bi-id yakho|umyalezo wokuqala|zakho zokuphepha|\bsistem (?:istemi|mesaj)|सिस्टम प्रॉम्प्ट",
    r"['\"“‘]you are['\"”’]",
)
_PROMPT_WANTED = re.compile("|".join(_EXTRACTION), re.IGNORECASE)
_PROMPT_WANTED_ELSEWHERE = re.compile("|".join(_ELSEWHERE), re.IGNORECASE)

# An order to forget orders; "how do I ignore", "employees who ignore" and "can I override" give none.
_ORDERED = re.compile(
    r"(?:^|[.!?:;,\n\"'“”>\])}*|—–-])\s*(?:(?:please|just|now|and|then|also|first|so|simply|kindly|hey|ok|okay|hi|hello)"
    r"[\s,]+){0,3}(?:you (?:must|should|will|shall|can|are to|need to|have to) )?"
    r"(?:ignore|disregard|forget|override|overrule|bypass|neglect|discard|abandon|(?:do not|don't|stop)"
    r" (?:follow|obey)\w*)\b"
    rf"{_GAP}{{0,40}}?\b(?:previous|prior|above|preceding|earlier|past|existing|initial|original|all|any|your|former"
    rf"|these|everything|what)\b(?! my\b){_GAP}{{0,30}}?"
    r"\b(?:instruction|prompt|rule|guideline|direction|command|programming|training|constraint|restriction|boundar"
    r"|directive|polic|everything|filter|configuration|protocol|input|context|you (?:were|have been)"
    r"|i (?:said|told)|above|before)"
    r"(?!\w* (?:for|of) (?:my|the|our))",
    re.IGNORECASE,
)
_ORDERED_SHORTLY = re.compile(
    r"(?:^|[.!?:;\n\"'“])\s*(?:please |now |just ){0,2}(?:ignore|disregard|forget)(?: about)?(?: all| everything)?"
    r"(?: (?:of )?the)?(?: (?:instructions?|rules?|prompt|text|directions?))? (?:above|before this|preceding)"
    r"(?! (?:question|message|request|ticket|mail)| the\b)"
    r"|\bnew (?:instructions?|orders?|task)\s?: ?(?:you|ignore|from|always|never|respond|reply|answer|say|print)"
    # In other languages, where an order stands at the beginning of a sentence or a particle at its end makes it one.
    r"|(?:^|[.!?:;\n])\s*(?:ignorer\w*|glöm|glem|abaikan|lupakan|bỏ qua|ignora\w*)\b[^.!?\n]{0,30}"
    r"\b(?:instru\w+|regl\w*|regler\w*|perintah|hướng dẫn|chỉ dẫn)"
    r"|(?:تجاهل|انس)\s[^.!?\n]{0,30}(?:التعليمات|الأوامر|القواعد)|(?:지시|명령|규칙|지침)\S{0,3}[^.!?\n]{0,15}(?:무시|잊)"
    r"|(?:talimat|komut|kural)\S{0,10}\s[^.!?\n]{0,10}(?:yok say|görmezden gel|unut)"
    r"|(?:निर्देश|आदेश)[^.!?\n]{0,30}(?:अनदेख|भूल)",
    re.IGNORECASE,
)
# What tells a model how to reply from now on, besides the signs in documents.
_MANNERS = tuple(
    (weight, re.compile(expression, re.IGNORECASE))
    for weight, expression in (
        (
            0.5,
            r"\b(?:respond|reply|answer)\w* (?:to )?(?:every|all|any|each) (?:\w+ )?(?:prompt|question|message|input)",
        ),
        (
            0.5,
            rf"\b(?:answer|respond|reply|speak|act|behave)\w*\b{_GAP}{{0,20}}\b(?:freely|(?:without|with no|free of)\b"
            rf"{_GAP}{{0,20}}(?:restrict|filter|limit|censor|rules))",
        ),
        (0.5, rf"\b(?:enable|activate|enter|switch to|you are in)\b{_GAP}{{0,15}}\bmode\b"),
        (0.5, r"\bopen ?a[il](?:'s|’s)? (?:content |usage )?(?:polic|guideline|rule)"),
        (0.5, r"\b(?:can ?not|\w+n'?t|never|not) (?:\w+ (?:or )?)?(?:reject|refuse|decline|say no)"),
        (
            0.5,
            rf"\b(?:no|without|lacks?|have|any|beyond)\b{_GAP}{{0,30}}\b(?:morals?|ethic\w*|uncensored)\b|\bamoral\b",
        ),
        (0.5, rf"\b(?:do|say) (?:\w+ ){{0,3}}anything\b|\b\w+ mode\b{_GAP}{{0,20}}\b(?:enabled|output|activat)"),
        (
            0.5,
            r"\b(?:you(?: are|'re)|be|simulate|become) (?:an? |now )?(?:\w+ )?(?:called|named|known as)\b|\bpersona\b",
        ),
        (0.5, r"\b(?:i want|i need|i would like|i'd like) you to (?:act|pretend|role|play|be|become|simulate|imagine)"),
        (
            0.5,
            rf"\b(?:immerse yourself|play)\b{_GAP}{{0,20}}\b(?:role|characters?)\b|\bvorgeben\b{_GAP}{{0,20}}\bzu sein",
        ),
        (0.5, r"\byou are \w+, an?\b"),
        (2.0, r"(?:^|[.!?\n])\s*you (?:now )?have no (?:more )?(?:restriction|limit|filter|rule|guideline)"),
        (0.4, r"\b(?:illegal|unethical|immoral|legality|harmful)\b"),
        (0.4, r"\b(?:as|being) an ai\b|\bchatgpt\b|\b[a-z]{2,12}gpt\b"),
        (0.4, r"\bstands for\b|\bstart(?:ing)? (?:with )?(?:the|a) (?:new )?(?:sentence|paragraph)|\bbegin a new para"),
    )
)
# A question may name a model, and what was ordered before.
_WEIGHTS = {"undoes orders": 0.0, "asks for the prompt": 0.0, "names a model": 0.0, "gives new orders": 0.0}
_ASKED = {**_WEIGHTS, "undoes orders in another language": 0.0}
# Questions in other languages; and English, where the French sign would find "to ignore the instructions".
_ASKS = re.compile(
    r"^\s*¿?\s*(?:wie|was|warum|wann|wo|wer|darf|kann|muss|soll|comment|pourquoi|quand|puis-je|cómo|qué|puedo|come"
    r"|posso|como|hoe|mag|jak|czy|как|можно)\b|\b(?:the|is|my|are|does|i)\b",
    re.IGNORECASE,
)


def find_attack(question: str) -> Attack | None:
    """Say what a question is after instead of the documents.

    Args:
        question: Of a person; a few thousand characters at most.

    Returns:
        The rule it breaks; None for a question like others.
    """
    plain = _UNSEEN.sub("", unicodedata.normalize("NFKC", question))
    if _PROMPT_WANTED.search(plain) or _PROMPT_WANTED_ELSEWHERE.search(plain):
        return "prompt_extraction"
    ordered = _ORDERED.search(plain) or _ORDERED_SHORTLY.search(plain)
    return "jailbreak" if ordered or _weight(plain) >= _ENOUGH else None


def _weight(plain: str) -> float:
    manners = sum(weight for weight, expression in _MANNERS if expression.search(plain))
    return heaviest(plain, _ASKED if _ASKS.search(plain) else _WEIGHTS) + manners / 2
