"""Keep people out of what the API says about a failure: only words that its contract is made of are repeated.

An error text of the API may name whom or what it is about: a user, an attribute's value, a title. Names
cannot be told from other words by looking at them, so it is the other way round: a word is repeated if it is
one of the API's own (in its messages, paths and parameters) or holds a digit, as ids do; any other becomes
``…``. The advice that goes with an error is chosen before, from the whole text.
"""

from __future__ import annotations

import re
from functools import lru_cache

from calcom_provider.api.catalogue.operations import catalogue

#: Words of the API's messages and of plain English around them; none that is a first name as well.
_WORDS = frozenset(
    # A list of one word a line would fill pages.
    """
    about absent accept accepted accepts access accessed account action active add added address
    addresses admin admins after again against all allow allowed already also an and another any api app
    apple apps are array as asc assigned associated at attempt attempting attempts attendee attendees
    attribute auth authenticate authenticated authentication authorization authorized automatically
    availability available avatar away bad be bearer because been before being belong belongs between
    billing body book booked booking bookings boolean both busy but by cal calendar calendars call can
    cancel cancelled cannot change changed characters check choose client code collective com
    combination conferencing configuration configured conflict conforming connect connected connection
    constraint constraints contact contain contained containing contains could count country create
    created creating creation credential credentials current currently cursor custom data database date
    dates day days decorator default delegation delete deleted denied desc describe destination details
    did different disabled do docs does doesn domain domains dry duplicate duration during each either
    elements else email emails empty enabled end ended ending endpoint enough ensure enterprise entity
    entry enum equal error errors essentials event events every exceed exceeded exceeds exception exist
    existing exists expected expired expires external extra failed failure feature feed fetch field
    fields file find first following for forbidden form format found free friday from full future
    gateway generate generated get given google got greater group guard guests had has have having
    header headers hh hidden high highest holiday host hosts hour hours how http https iana id
    identifier ids if image in inactive include included includes incorrect infinite initiated input
    instance instant instead integer integration internal into invalid invalid_grant invitation invite
    invited is iso it items its json jwt key keys lack lacks language large larger later least length
    less licence license like limit limited limits link linked list load local locale location locked
    logged long longer low lowest mail maintenance managed manager many marked match matches maximum
    medium meet meeting member members membership memberships message metadata method methods microsoft
    minimum minute minutes missing mm monday more most move must my name named names negative nested
    never new no nobody non none nope normal north not note notes nothing null number numeric oauth
    object objects occurred of off office offset on once one only ooo open operation operations operator
    option options or order org organisation organization organizations origin other otherwise our out
    outside overlap overlapping overlaps own owned owner pagination paid param parameter parameters
    parent part pass passed password past patch payload payment pending per perform performing
    permission permissions permitted phone plan platform please position positive possible post premium
    previous priority prisma private profile property provide provided provider providing public put
    query quota range rate reached read ready reason reassign reassigned receive received record
    recording recordings records recurring redirect redirected redirects reference referenced references
    refresh refused region reject rejected related relation remove removed represent request requested
    requests required requires reschedule rescheduled reservation reserved resource resources response
    restricted retry return returned role roles round route routes routing run running same saturday
    saved scale schedule scheduled schedules scheduling scope scopes seat seatref seats second seconds
    secret see select selected self send sent separators server service session set setting settings
    setup several should show shp sick sign signature signed since single size sk skip slot slots slug
    slugs so some something soon sort source spaces specified specify ssl start started state status
    step steps still stored strategy string strings stripe submit submitted subscribed subscriber
    subscription such sunday support supported system take taken target team teams temporarily tenant
    test than that the their them then there these they this throttler thursday time timed timeout times
    title to token tokens too transaction transcription travel trigger triggers try trying tuesday two
    type types unable unauthorized unavailable unconfirmed undefined under unexpected unique unit
    unknown unprocessable unspecified unsupported until up upcoming update updated updates updating
    upgrade upgraded upload uri uris url urls usage use used user username usernames users uses using
    utc uuid vacation valid validate validation value values verified verify version via video violates
    violation wait was we webhook webhooks wednesday week weeks were what when where which while who
    whsec with within without workflow workflows workspace wrong year yet you your zod zone zoom
    """.split()  # noqa: SIM905
)
_TOKEN = re.compile(r"\w+", re.UNICODE)
_PART = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[^A-Za-z\d_]+")
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
#: A way to schedule, and half of it a first name.
_ROUND_ROBIN = re.compile(r"\bround[ _]?robin\b", re.IGNORECASE)
#: What follows is the contract's own list, such as roles or codes of languages.
_LIST = re.compile(r"must be one of the following values: [^;]*")
_WHOLE = re.compile(
    f"({_UUID.pattern}|{_ROUND_ROBIN.pattern}|{_LIST.pattern})|({_TOKEN.pattern})", re.IGNORECASE
)
#: Several hidden words in a row, with what stands between them, are one.
_ROW = re.compile(r"…(?:[\s\-.'’·]*…)+")


def without_names(text: str) -> str:
    """Return a message of the API without the words that are not the API's own.

    :param text: the message, scrubbed already; ``[e-mail]`` and its like stay.
    """
    return _ROW.sub("…", _WHOLE.sub(_repeated, text))


def _repeated(found: re.Match[str]) -> str:
    word = found[0]
    if found[2] is None or any(one.isdigit() for one in word) or word.casefold() in _known():
        return word
    # ``startTime`` and ``ORG_ADMIN`` are as well known as the words they are put together from.
    parts = [part.casefold() for part in _PART.findall(word)]
    return word if all(part in _known() or (len(part) == 1 and part.isascii()) for part in parts) else "…"


@lru_cache(maxsize=1)
def _known() -> frozenset[str]:
    operations = catalogue().values()
    parameters = {parameter.name.casefold() for one in operations for parameter in one.parameters}
    return _WORDS | parameters | {word.casefold() for one in operations for word in _TOKEN.findall(one.path)}
