"""Which verb means which kind of operation, and which words are no names of things."""

import re

from toolworld.environments.normaliser.operation import Kind
from toolworld.environments.normaliser.words import word_set

_VERBS: dict[Kind, str] = {
    "session": "login logout authenticate signin signout logon logoff auth",
    "calculate": """calculate compute convert estimate evaluate predict analyze analyse translate validate classify
        detect score measure count sum multiply divide subtract round compare diff sort parse format encode decode hash
        summarize normalize transform recommend optimize identify extract tokenize lemmatize spellcheck wc du""",
    "action": """cancel close resolve approve reject accept decline complete archive suspend resume stop pause run
        execute trigger notify contact verify confirm abort retry test invoke release restart shutdown reopen process
        navigate charge refund capture void""",
    "delete": """delete remove destroy drop purge clear erase unsubscribe unfollow unregister uninstall detach revoke rm
        rmdir unlink unlike uninvite evict terminate""",
    "update": """update edit modify change patch set put adjust rename replace configure assign move enable disable
        activate deactivate reset increase decrease fill press toggle fund withdraw deposit transfer pay rate mark
        restore refresh rotate extend renew reschedule switch sync merge attach link lock unlock cd apply""",
    "create": """create add new insert register post place book make open submit schedule generate purchase buy order
        reserve issue upload publish send start initiate invite enroll import init clone duplicate copy mkdir touch
        comment retweet mention subscribe follow request launch provision log record store save file like""",
    "search": "search find query filter discover match autocomplete suggest grep explore",
    "get": """get fetch retrieve read show view describe display check lookup return download load see detail inspect
        obtain export report print know preview""",
    "list": "list enumerate browse",
}
KIND_OF_VERB: dict[str, Kind] = {}
"""The kind that a verb stands for; where two have it, the first above."""
for _kind, _text in _VERBS.items():
    for _verb in _text.split():
        KIND_OF_VERB.setdefault(_verb, _kind)

NOUNS_TOO = word_set(
    """order book post comment list log file report record request issue store process test match rate set score
    query search view read mention charge refund transfer export import link move lock count start sort see new
    open check copy reset detail format hash sync stop run load release schedule purchase reserve change place
    invite return show display capture like follow print measure preview"""
)
"""Verbs that are nouns as well; they count as verbs only where they stand first."""

NOUNS_OF_VERBS = {
    "analysis": "analyze",
    "calc": "calculate",
    "calculation": "calculate",
    "cancellation": "cancel",
    "classification": "classify",
    "comparison": "compare",
    "conversion": "convert",
    "detection": "detect",
    "estimation": "estimate",
    "extraction": "extract",
    "impact": "estimate",
    "palindrome": "evaluate",
    "prediction": "predict",
    "recognition": "detect",
    "registration": "register",
    "translation": "translate",
    "validation": "validate",
    "verification": "verify",
}
"""Nouns that say what is done."""

SUFFIXES = word_set(
    """balance cost costs count data detail details entries entry histories history info information list lists
    record records sent stat statistics stats status statuses summaries summary total"""
)
"""Nouns that say what of a thing, and name no thing: `order_history` is about orders."""
FILLERS = word_set(
    """a all an and any authenticated available based by collection current currently data detail details each every
    existing for given historical information info its latest list lists more multiple new number of one own page
    paginated particular recent registered result results set single some specific that the their this to user's
    your"""
)
"""Words that stand before a thing, and name none."""
PREPOSITIONS = word_set(
    """about after against and as associated at based before between by for from given in into matching of on or per
    that to under using via where which who with within"""
)
SURE_PAGING = word_set(
    """cursor endingbefore limit maxresults nexttoken offset orderby page pagelimit pagenumber pagesize pagetoken
    paginationtoken perpage rows skip sortby startingafter take"""
)
"""Parameters that say which part of a list, and mean nothing else, without marks."""
QUERY_WORDS = word_set("keyword keywords q query search searchterm term text")
"""Parameters that hold words to search for."""
CREDENTIALS = word_set("""accesstoken apikey appid auth authorization authtoken callbackurl jwt key token wskey""")
"""Parameters that say who calls, and nothing of what is called for."""
VERSION = re.compile(r"(v?\d+([._-]\d+)*([a-z]+\d*)?|api|rest|json|public|v\d\w*|\d{4}-\d\d-\d\d)", re.IGNORECASE)
"""Segments of paths that name no thing."""


def verb_of(word: str) -> str | None:
    """The verb that a word is, `deletes` and `cancellation` included; None where it is none."""
    noun_of = NOUNS_OF_VERBS.get(word)
    if noun_of is not None:
        return noun_of if noun_of in KIND_OF_VERB else None
    forms = [word, word.removesuffix("s"), word.removesuffix("es"), f"{word[:-3]}y" if word.endswith("ies") else word]
    return next((form for form in forms if form in KIND_OF_VERB), None)
