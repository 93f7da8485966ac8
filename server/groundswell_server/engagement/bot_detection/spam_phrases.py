r"""Phrases that are typical of bot comments, as a table.

The table is not trained. Each entry names a kind of solicitation that comment spam is known for (the phrase list of the
specification; T. Alberto, J. Lochter, T. Almeida, "TubeSpam", ICMLA 2015), worded for creators on any platform. A
STRONG phrase is one that people who enjoy a post do not write in passing. A MIDDLING phrase occurs in genuine comments
too ("my new favourite song", "can you DM me?") and decides nothing without a signal of another kind.

Patterns run on text in lower case with single spaces. All patterns of a phrase begin with `\b`, which makes their
alternation five times faster. The triggers are beginnings of words, and every match contains one of them: texts without
any are never matched against the pattern.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from groundswell_server.engagement.bot_detection.reasons import Reason

STRONG: Final = 4.2
"""Log-odds of a strong phrase: some 65 times likelier in a bot's text. One is enough at a prior of 10%."""

MIDDLING: Final = 1.6
"""Log-odds of a middling signal: some 5 times likelier in a bot's text. One is not enough, two kinds are."""


@dataclass(frozen=True, slots=True)
class Phrase:
    """One kind of phrase."""

    reason: Reason
    log_odds: float
    triggers: str
    """Separated by |. Only the first 8 characters of each are used."""
    patterns: tuple[str, ...]

    def trigger_words(self) -> list[str]:
        """Returns the triggers as a list."""
        return self.triggers.split("|")

    def compiled(self) -> re.Pattern[str]:
        """Returns the patterns as one alternation."""
        return re.compile("|".join(self.patterns))


_MY = r"(?:my|mah|our|ma)"
_ME = r"(?:my|mah|me|mee+|us|our)"
_PLEASE = r"(?:please|pleas|plese|plz+|pls|plizz?)"
_SUBSCRIBE = r"su[bsc]{1,4}ri?bl?e?"
_PLACE = r"(?:chann?ell?s?|page|profile|website|site|blog|store|shop|stream|insta|instagram|ig|twitter|playlist|yt)"
_WORK = (
    r"(?:vid[sz]?|videos?|vidios?|vlogs?|music|songs?|covers?|remix(?:es)?|mixtapes?|albums?|tracks?|beats?|raps?|"
    r"rapping|clips?|stuff|skits?|reels?|content|podcast)"
)
_SUBSCRIBERS = r"(?:subs|subscribers?|followers)"
_AUDIENCE = r"(?:followers|subs|subscribers?|likes|views)"
_NETWORK = r"(?:instagram|ig|insta|youtube|tiktok|twitter|facebook|fb|whatsapp|snapchat)"
_NOT_NARRATED = r"\b(?<!\bi )(?<!\bwe )(?<!when )(?<!you )"
_OTHERS = r"(?!(?:\w+ ){0,2}(?:fav|fave|favou?rite|own|kid|son|daughter|mom|dad|brother|sister|friend)\b)"
_SUM = r"(?:[$£€] ?\d[\d,.]*\+?k?|\d[\d,.]*k? ?(?:dollars|usd|\$)) ?(?:a|per|every|each|in) "
_GIFT = r"(?:gift ?cards?|itunes|iphones?|ipads?|robux|v-?bucks|btc|bitcoins?|crypto)"

PHRASES: Final = (
    Phrase(
        Reason.FOLLOW_PLEA,
        STRONG,
        "sub|sus|suc|sbs|follow m|follow u|follow o|follow f|follow 4|follow4|followfo|follow b|like for|like 4|like4|"
        "likefor|add me|f4f|s4s|l4l|inscrev|segue|abonn",
        (
            rf"\b{_SUBSCRIBE}(?: (?:to|2|on|for|in|too))?(?: {_PLEASE})? {_ME}\b",
            rf"\bsubs? (?:to |2 )?(?:me|us|{_MY} {_PLACE})\b",
            rf"\b(?:{_PLEASE}|come|also|must) {_SUBSCRIBE}\b",
            rf"\b(?<!to like )(?<!to follow )and {_SUBSCRIBE}\b",
            rf"\b\w+ & {_SUBSCRIBE}\b",
            rf"\b{_SUBSCRIBE} (?:and|&|{_PLEASE}|back|if|here)\b",
            r"\bsubs?(?:cribe)? ?(?:4|for) ?subs?",
            r"\b(?:f4f|s4s|l4l)\b",
            r"\b(?:sub|i follow) back\b",
            r"\b(?:follow|like) ?(?:4|for) ?(?:follow|like|sub)",
            r"\badd me (?:on|here)\b",
            rf"\bfollow (?:me|us) (?:on\b|@|and\b|for\b|(?:in|at) {_NETWORK})",
            rf"\bfollow {_MY}(?: \w+)? {_PLACE}\b",
            r"\bsubscribir\w* a mi\b",
            r"\bsuscr[ií]b\w* a mi\b",
            r"\binscreva?\b.{0,40}\bmeu canal\b",
            r"\bme segue\b",
            r"\babonne[zr]?\b.{0,40}\bma cha[iî]ne\b",
            r"\babonniert?\b.{0,40}\bmeinen kanal\b",
        ),
    ),
    Phrase(Reason.FOLLOW_PLEA, STRONG, "sub|sus|suc", (rf"^\W*{_SUBSCRIBE}\b",)),
    Phrase(
        Reason.FOLLOW_PLEA,
        MIDDLING,
        "follow m|follow u|follow b|followin|sub|sus|suc",
        (
            r"\bfollow(?:ing)? (?:me|us|back)\b",
            rf"\bi(?:'ll| will|ll) {_SUBSCRIBE}\b",
            rf"\bcan (?:you|u|anyone) {_SUBSCRIBE}\b",
        ),
    ),
    Phrase(
        Reason.AUDIENCE_PLEA,
        STRONG,
        "subs|follower",
        (
            (
                r"\b(?:i|help me|help us) (?:(?:can|just|really|wanna|want|need|would|to|only|please) ){0,3}"
                r"(?:get|getting|reach|hit|want|need|have over) (?:to )?[\d.,]+k? "
                rf"(?:more |new |youtube )?{_SUBSCRIBERS}\b"
            ),
            rf"\b(?:my|the|our) goal\b.{{0,30}}[\d.,]+k? {_SUBSCRIBERS}\b",
            r"\b(?:i|we) (?:really )?need (?:some |more )?(?:subscribers|followers)\b",
            rf"\b(?:subscribers|followers) {_PLEASE}",
        ),
    ),
    Phrase(
        Reason.SELF_PROMOTION,
        STRONG,
        "check|chack|chek|take a|take it|have a|have it|give a|give it|look at|visit m|visit o|"
        "come to|come see|come vis|"
        "go to m|go to o|go see m|go see o|go visit|go on m|go on o|watch m|watch o|listen t|"
        "hear m|hear o|view m|view o|support|share m|share o|spread m|spread o|promot|channel|chanel",
        (
            rf"\bch(?:eck|ack|ek)(?:ing|ed)? (?:it )?out (?:some (?:of )?|all )?{_ME}\b",
            rf"\bch(?:eck|ack|ek) (?:out )?{_MY} (?:(?!bank)\w+ ){{0,3}}(?:{_PLACE}|{_WORK})\b",
            rf"\bcheck (?:me|us|my \w+|{_MY} \w+ \w+) out\b",
            rf"\bcheck (?:out )?this (?:\w+ )?(?:video|playlist|channel|page|site) on {_NETWORK}\b",
            r"\bcheck out this (?:\w+ )?(?:website|channel|link)\b",
            (
                r"\b(?:take|have|give)(?: it)? a (?:quick )?(?:look|listen) (?:at|to) "
                r"(?:my|our|this (?:video|channel|page) on)\b"
            ),
            rf"\b(?:look at|visit|(?:come|go) (?:to|see|visit)|go on) {_MY} (?:\w+ )?(?:{_PLACE}|{_WORK})\b",
            (
                rf"{_NOT_NARRATED}(?:watch|listen to|hear|view|support|share|spread) {_MY} {_OTHERS}"
                rf"(?:\w+ ){{0,2}}(?:{_PLACE}|{_WORK})\b"
            ),
            r"\b(?:on|in|to|for|of|up) (?:my|our) (?:\w+ )?chann?ell?\b",
            r"\bpromot(?:e|ing) (?:my|your|it on)\b",
        ),
    ),
    Phrase(
        Reason.PROFILE_LINK,
        STRONG,
        "link|click|check|visit m|visit o|see m|see o|tap|view m|view o|look at|lien",
        (
            (
                r"\b(?<!the )link (?:is )?in (?:my |our )?(?:bio|profile)\b"
                r"(?! ?(?:\?|does|doesn|is|isn|not|broken|won|didn|works))"
            ),
            r"\bclick (?:on )?(?:my|our|this) (?:\w+ ){0,2}(?:link|profile|name|pic(?:ture)?|photo|bio|page|channel)\b",
            rf"{_NOT_NARRATED}click (?:on )?(?:the )?(?:link|profile|picture) (?:in|on|of|below|here|to)\b",
            r"\bclick (?:here|click)\b",
            rf"\b(?:check|visit|see|tap|view|look at) (?:out )?{_MY} (?:profile|bio|page|link|story|dms?)\b",
            r"\blink (?:en (?:mi|la)|na|in der) bio\b",
            r"\blien (?:en|dans ma) bio\b",
        ),
    ),
    Phrase(
        Reason.CONTACT_OFFER,
        STRONG,
        "whatsapp|telegram|kik|inbox|promo|collab|ambassador|hit",
        (
            r"\b(?:whatsapp|telegram) (?:me|us|him|her|number|\+)",
            (
                r"\b(?:text|message|contact|reach|write|chat|dm|find) (?:me|us|him|her) (?:up |out )?"
                r"(?:on|via|through|at) (?:whatsapp|telegram|kik)\b"
            ),
            r"\b(?:promo|promote|promotion|collab|ambassador)s?\b.{0,40}\b(?:dm|inbox)\b",
            r"\b(?:dm|inbox)\b.{0,30}\b(?:promo|collab|ambassador)",
            r"\bhit (?:me|us) up on\b",
            r"\binbox (?:me|us) (?:now|for|to)\b",
        ),
    ),
    Phrase(
        Reason.GIVEAWAY,
        STRONG,
        "free|gift|claim|collect|won a|won for|selected|chosen|giveaway",
        (
            rf"\bfree (?:\$?\d+ ?)?{_GIFT}\b",
            r"\b(?:get|getting|win|want|need|grab|claim|your|for) free (?:money|cash|followers|likes|subscribers)\b",
            r"\bgift ?cards? codes?\b",
            r"\b(?:claim|collect) (?:your|ur) (?:\w+ )?(?:prize|reward|gift|bonus|airdrop|winnings)\b",
            (
                r"\byou(?:'ve| have)? (?:just |been )?(?:won|selected|chosen) (?:a|an|as|for) (?:\w+ )?"
                r"(?:iphone|gift|prize|free|winner|reward|car|voucher)\b"
            ),
            r"\bgiveaway\b.{0,40}\b(?:link|bio|my profile|my page|click)\b",
            r"\b(?:link|bio|my profile|my page|click)\b.{0,40}\bgiveaway\b",
        ),
    ),
    Phrase(
        Reason.EASY_MONEY,
        STRONG,
        "earn|make|making|get|invest|trad|passive|donate b|money on|money fr",
        (
            r"\b(?:earn(?:s|ing)?|make|making|get) (?:some )?(?:extra|easy|fast|quick|real|free) (?:money|cash)\b",
            r"\b(?:earn|earning|make|making) money (?:online|from home|today|fast|now)\b",
            rf"\b(?:earns?|earning) (?:\w+ ){{0,2}}{_SUM}",
            r"\bget paid (?:for|to) (?:shar|lik|post|comment|watch|click|tak|do)",
            r"\b(?:invest(?:ed|ing)?|trad(?:ed|ing)) with (?:mr|mrs|ms|miss|sir|him|her|@|expert)",
            r"\bpassive income\b",
            r"\bdonate (?:bitcoins?|btc)\b",
            r"\bmoney (?:online|from home)\b",
        ),
    ),
    Phrase(
        Reason.EASY_MONEY,
        MIDDLING,
        "make|making|made|work fro|working|crypto|bitcoin|forex|binary",
        (
            rf"\b(?:makes?|making|made) (?:\w+ ){{0,2}}{_SUM}",
            r"\bwork(?:ing)? from home\b",
            r"\b(?:forex|crypto|bitcoin|binary options?) (?:trad|expert|broker|signal|invest|mining|platform)",
        ),
    ),
    Phrase(
        Reason.AUDIENCE_FOR_SALE,
        STRONG,
        "buy|order|sell|gain|get|need|want|receive|got|grow|boost",
        (
            (
                r"\b(?:buy|order|sell|selling|gain) "
                rf"(?:(?:cheap|real|active|instant|organic|more|free|{_NETWORK}) ){{1,3}}"
                r"(?:followers|likes|subscribers|views)\b"
            ),
            (
                r"\b(?:buy|gain|get|order) (?:thousands of |\d[\d.,]*k? )"
                rf"(?:(?:real|new|active|free|{_NETWORK}) )*followers\b"
            ),
            rf"\b(?:get|need|want) (?:free |more )+{_NETWORK} (?:followers|likes|subscribers|views)\b",
            (
                r"\b(?:received?|got|gained|getting) (?:over |about )?\d[\d.,]*k? (?:new|real|active|free) "
                rf"(?:\S+ ){{0,2}}{_AUDIENCE}\b"
            ),
            rf"\b(?:grow|boost) (?:your|ur) (?:{_NETWORK}|account|page|channel|follow(?:ers|ing)|audience|profile)\b",
        ),
    ),
    Phrase(
        Reason.ACCOUNT_HACK,
        STRONG,
        "hack|recover",
        (
            rf"\bhack (?:any )?(?:{_NETWORK}|any) (?:account|password|profile)s?\b",
            rf"\b{_NETWORK} (?:account |password )?hack\b",
            r"\bpassword hack(?:er)?\b",
            r"\b(?:helped|help) me (?:to )?recover (?:my|back my)\b",
            r"\brecover (?:your|ur) (?:lost|hacked|stolen)\b",
        ),
    ),
    Phrase(
        Reason.ADULT_OFFER,
        STRONG,
        "onlyfans|only fan|nudes|naked|sexy|adult|sex|sugar|hot girl|hot sing|penis",
        (
            r"\b(?:my|our) (?:only ?fans|nudes|(?:naked|sexy) (?:pics?|videos?|photos?|ass))\b",
            r"\b(?:adult|sex) (?:video|dating|chat|site|cam|clip)s?\b",
            r"\bpenis (?:enlarge|enhance)",
            r"\b(?:seeking|looking for|need) (?:a )?sugar (?:daddy|mommy|baby|mummy)\b",
            r"\bhot (?:girls|singles) (?:near|in your|waiting)\b",
        ),
    ),
    Phrase(
        Reason.LIKE_BAIT,
        MIDDLING,
        "like thi|like my|leave a|drop a|give it|give me|pleas|plese|pls|plz|pliz|like ple|like pl|like and|like & |"
        "share pl|share an|share & |vote for|vote pl",
        (
            r"\blike (?:this|my) (?:comment|page|pic|picture|photo|poster)\b",
            r"\b(?:leave|drop|give it|give me) a like\b",
            rf"\b{_PLEASE} (?:like|share|vote|donate|help me|help us|support (?:me|us))\b",
            rf"\b(?:like|share|vote) {_PLEASE}\b",
            r"\bvote for (?:me|us|my)\b",
            r"\blike (?:and|&) (?:share|subscribe)\b",
            r"\bshare (?:and|&) like\b",
        ),
    ),
    Phrase(
        Reason.POINTER,
        MIDDLING,
        "check|dm|message|contact|inbox|text me|text us|giveaway|chance t|want to|wanna|onlyfans|search|type|take a|"
        "look up|made a|made my|made our|started|opened|subs|follower|my new|our new|my late|our late|my first|"
        "our firs|my own|our own|my chan|my blog|my websi|my page|youtuber|rapper|singer|artist|producer|dj|"
        "streamer|remixer",
        (
            r"\bcheck(?:ing)? (?:(?:it|this|him|her|them|these|that|the|mah|\w+ \w+) )?out\b",
            r"\bcheck (?:my|our) \w+",
            r"\btake a look at this\b",
            r"\b(?:search|type|look up) (?:in |for )?(?:me|us|\")",
            r"\btype in\b",
            r"\b(?:dm|message|inbox|contact|text) (?:me|us)\b",
            r"\bdm (?:for|to)\b",
            rf"\b(?:my|our) (?:new|latest|newest|first|own) (?:\w+ )?(?:{_WORK}|{_PLACE}|single|ep)\b",
            r"\bmy (?:chann?ell?|blog|website|page)\b",
            (
                r"\b(?:i|we)(?: just| have)? (?:made|started|opened) (?:a|my|our) (?:\w+ ){0,2}"
                r"(?:channel|yt|youtube|blog|podcast|store|shop)\b"
            ),
            (
                r"\b(?:i'm|im|i am|ima|we're|we are) (?:\w+ ){0,4}"
                r"(?:youtuber|rapper|singer|artist|producer|dj|streamer|remixer)\b"
            ),
            r"\bgiveaway\b",
            r"\b(?:chance to|want to|wanna) win\b",
            r"\bonlyfans\b",
            rf"\bi have [\d.,]+k? {_SUBSCRIBERS}\b",
        ),
    ),
)
"""All phrases, strong ones first. Phrases of the same reason count once."""
