"""The small words of the languages that are read: what joins, breaks and points, in one place for all of them.

They are grammar, not vocabulary: the words that tell of policy stand in lexicon/. All languages are looked for at once;
the few words that two of them share do the same in both. But for names, texts are folded before: no capitals, no
accents.
"""

import re

# Where one clause ends and another begins.
CLAUSE_BREAK = re.compile(
    r"[;:]|\s[\-–—]\s|—|,\s(?:but|while|although|though|whereas|which|who|where|when|after|because|pero|mientras|aunque"
    r"|quien|quienes|cuando|porque|mas|enquanto|embora|quem|quando)\b"
    r"|\b(?:but|while|although|whereas|pero|mientras|aunque|porem|enquanto|embora)\b"
)
# What makes the verb behind it passive or progressive.
PASSIVE = re.compile(
    r"\b(?:is|are|was|were|be|been|being|get|got|fue|fueron|ser|sea|sean|sera|seran|sido|esta|estan|foi|foram|sao|serao)\b"
)
# Between verbs that share a mood: "end it and build".
JOINED = re.compile(r",|\b(?:and|or|y|e|o|u|ou)\b")
# Where a clause of its own follows: a negation does not reach beyond.
NEXT_CLAUSE = re.compile(r",\s(?:and|so|then|y|e|entonces|entao)\s")
# Before an infinitive that tells what for.
PURPOSE = re.compile(r"\b(?:to|de|a|para)$")
# Between a threat and what is threatened.
COMPLEMENT = re.compile(r"\s+(?:that|to|of|de que|de|con|com|que)\b")
# What restricts a measure: ending it makes more of the measure.
RESTRICTION = re.compile(
    r"\b(?:restriction|limit|curb|moratori|restriccion|limite|restri[cç]|moratoria)\w*\s+(?:on|to|a|al|de|sobre)\b"
)
# After a verb that only says so: "announced that".
THAT = re.compile(r"\s+(?:that|que)\b")
# "We", in languages whose verbs say it.
FIRST_PLURAL = re.compile(r"\b\w{2,}[aei]mos\b|\bnosotr[oa]s\b|\bnuestr[oa]s?\b|\bnossos?\b|\bnossas?\b")
# Right before a country that does not act ("with Mexico").
AFTER_PREPOSITION = re.compile(
    r"\b(?:on|against|to|for|from|in|like|with|between|including|of|a|en|contra|con|para|por|sobre|entre|de|del|desde"
    r"|em|no|na|do|da|com|al|ao|aos|pelo|pela)\s+(?:the\s+|la\s+|el\s+|los\s+|las\s+|o\s+|os\s+)?$"
)
# Between a country and the verb of its own deed.
AUXILIARIES = re.compile(
    r"\s(?:(?:also|now|will|would|has|have|plans? to|wants? to|again|already|tambien|ya|va a|ha|planea|quiere|vai|ja"
    r"|tambem|quer)\s)*"
)
INFINITIVE = re.compile(r"\sto\s")
# Between countries in a row.
ROW = re.compile(r"(?:,?\s*(?:and|or|y|e|o|ou)?\s*(?:the\s+)?)")
# Right before a country whose government acts ("the president of Mexico").
AFTER_LEADER = re.compile(
    r"\b(?:government|president\w*|minist\w+|authorities|secretary|foreign ministry|gobierno|secretari[ao]"
    r"|canciller\w*|autoridades|governo|officials)\s+(?:of|de|del|do|da)\s+(?:the\s+|la\s+|los\s+)?$"
)
# Takes up who acted last.
PRONOUN = re.compile(r"\b(?:he|she|they|his|her|their|el|ella|ellos|su|ele|ela|eles|seu|sua)\b")
# In a condition: what would be refused is what is demanded.
REFUSED = re.compile(
    r"\b(?:refus\w+|fail\w*|declin\w*|do(?:es)? not|don't|unless|no|nega\w*|niega\w*|rechaz\w*|nao|recus\w*)\s+"
    r"(?:to\s+|a\s+)?(?P<what>.+)"
)
# Between the name of an instrument and what it is.
RELATIVE = re.compile(r",? (?:which|that|under which|who|que|la cual|el cual|o qual|a qual)\b")
# The sentence speaks of its speaker.
FIRST_PERSON = re.compile(r"\b(?:i|we|i'll|we'll|i'm|we're|my|our|yo|nosotros|vamos|nuestro|nuestra|nos|eu)\b")
# Right before a verb of saying that is not said by the name behind it.
PASSIVE_BEFORE = re.compile(r"\b(?:is|are|was|were|be|been|being|fue|fueron|ha sido|han sido|foi|foram)\s+$")
# Phrases of saying, as the lexicons write them, that a name follows.
NAMED_AFTER = frozenset({"according to", "según", "segundo", "de acuerdo con|a", "de acordo com"})
# What begins a sentence with a capital and is no name.
NO_NAMES = frozenset(
    {
        *("The", "This", "That", "It", "He", "She", "They", "But", "And", "In", "On", "A", "An", "As"),
        *("El", "La", "Los", "Las", "Un", "Una", "Y", "O", "Os", "Um", "Uma", "E"),
    }
)
# What comes after one of these is not what is counted ("12 bags for migrants").
NOT_COUNTED_AFTER = frozenset({"for", "with", "to", "from", "by", "against", "para", "con", "com", "contra", "hacia"})
# What may stand before its number ("arrests, with 308 reported").
COUNTED_BEFORE = frozenset(
    {"arrests", "deportations", "removals", "arrestos", "detenciones", "deportaciones", "prisoes"}
)
