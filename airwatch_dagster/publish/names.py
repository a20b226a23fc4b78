"""Names of sites for people, from the ones agencies typed into AQS: in capitals, as notes, or not at all."""

import re
from collections import Counter
from typing import Final

import pandas as pd

from airwatch_dagster.acquire.aqs_codes import county_names

NAMELESS: Final = frozenset({"", "NONE", "NAN", "NULL", "N/A", "NA", "UNKNOWN", "NOT AVAILABLE"})
"""What stands in place of a name."""

ACRONYMS: Final = frozenset(
    [
        *("US", "USA", "USD", "USGS", "USMC", "EPA", "IEPA", "TVA", "NOAA", "NASA", "FAA", "MLK", "JFK", "NJH"),
        *("AFB", "YMCA", "ADEM", "ADEQ", "DEQ", "DNR", "DOT", "VDOT", "ODOT", "NDOT", "MPCA", "ISWS", "WTP", "WWTP"),
        *("NP", "NM", "NWR", "HS", "ES", "PS", "NR", "NE", "NW", "SE", "SW", "PM", "UTM", "PSD", "TSP"),
        *("ISU", "SIU", "NKU", "CSU", "UTEP", "IITRI", "RAPS", "AAL", "SER", "SLAM", "SLAMS", "PAMS", "AQS", "OKC"),
        *("IL", "NY", "NJ", "CA", "TX", "GA", "NC", "SC", "TN", "KY", "WI", "MN", "KS", "IA", "OH", "WV", "NH", "VT"),
        *("RI", "MD", "VA", "WA", "AZ", "NV", "UT", "WY", "AK", "AR", "DC", "SD", "ND", "AJ", "HD", "KNI"),
    ]
)
"""Written in capitals: agencies, kinds of places, compass points, states whose abbreviation is no other word."""

SPELLED: Final = {"NCORE": "NCore", "DEKALB": "DeKalb", "LASALLE": "LaSalle", "DUPAGE": "DuPage"}
"""Names with a capital within."""

WITHOUT_VOWEL: Final = frozenset(
    [
        *(
            "ST",
            "RD",
            "BLD",
            "DR",
            "MT",
            "FT",
            "LN",
            "PK",
            "SQ",
            "CT",
            "CTR",
            "BLDG",
            "BLVD",
            "HWY",
            "PKWY",
            "SCH",
            "DPT",
            "DEPT",
        ),
        *(
            "HDQRS",
            "TWP",
            "JR",
            "SR",
            "LK",
            "CRK",
            "SPGS",
            "MTN",
            "NTL",
            "STN",
            "TRLR",
            "MR",
            "DRY",
            "SKY",
            "FLY",
            "LYNN",
        ),
    ]
)
"""Words and abbreviations without a vowel that are no acronyms."""

SMALL: Final = frozenset(
    ["a", "above", "and", "at", "behind", "by", "de", "del", "for", "from", "in", "near", "of", "on", "or", "the", "to"]
)
"""Lower case unless they begin a name or a part of it."""

SHORT: Final = frozenset(["BOX", "CITY", "EAST", "FORT", "HILL", "LAKE", "LOT", "PARK", "ROAD", "SITE", "WEST"])
"""Words below five letters that are no acronyms where the rest of a name is in lower case."""

STATES_WITHOUT_COUNTIES: Final = frozenset(["02", "11", "60", "66", "69", "72", "78"])
"""Alaska, the District of Columbia and the territories."""

LOUISIANA: Final = "22"

FIRST_CITY: Final = "510"
"""First county code of cities that belong to no county (Baltimore, St. Louis, Carson City, those of Virginia)."""

_WORD: Final = re.compile(r"[A-Za-z0-9_]+(?:'[A-Za-z]+)*")
_ROMAN: Final = re.compile(r"X{0,2}(?:IX|IV|VI{0,3}|I{1,3})")
_FULL_STOP: Final = re.compile(r"(?<=[A-Za-z]{5})\.$")
_ORDINAL: Final = re.compile(r"(\d+)(ST|ND|RD|TH)")
_BEGINS_PART: Final = re.compile(r"(?:^|[-/(:;.\"]\s*|\d\s)$")


def site_name(name: str | None, *, site_id: str) -> str:
    """A site's name for people: never empty, never a placeholder, never in capitals throughout.

    Words in capitals become title case, but for acronyms, Roman numerals and numbers: ``EAST SAINT LOUIS`` is East
    Saint Louis, ``CARY GROVE HS`` Cary Grove HS. A site without a name is named by county and site number (``Cook
    County, site 0076``); an acronym alone gets its county (``KNI, Shawnee County``).
    """
    text = " ".join(str(name).split()).rstrip(" ,;") if isinstance(name, str) else ""
    text = _FULL_STOP.sub("", text)
    county = county_title(site_id[:2], site_id[2:5])
    if text.upper() in NAMELESS or not any(letter.isalnum() for letter in text):
        return f"{county}, site {site_id[5:]}" if county else f"Site {site_id}"
    shown = _in_title_case(text)
    if any(letter.islower() for letter in shown):
        return shown
    return f"{shown}, {county}" if county else f"Site {shown}"


def county_title(state_code: str, county_code: str) -> str:
    """A county and what it is: ``Cook County``, ``Orleans Parish``, ``Richmond City``; empty when unknown.

    Without a word where the kind varies (Alaska) or there is none (the District of Columbia, territories).
    """
    name = county_names().get((state_code, county_code), "")
    if not name or name.endswith(" City") or state_code in STATES_WITHOUT_COUNTIES:
        return name
    if county_code >= FIRST_CITY:
        return f"{name} City"
    return f"{name} Parish" if state_code == LOUISIANA else f"{name} County"


def site_names(monitors: pd.DataFrame) -> dict[str, str]:
    """``site_name`` of every site of ``monitors``; of several names of a site, the first that is not null.

    Sites of the same name are told apart by their county, in one county by their number.
    """
    first = monitors.groupby("site_id")["site_name"].first()
    names = {str(site): site_name(name, site_id=str(site)) for site, name in first.items()}
    counties = {site: county_title(site[:2], site[2:5]) for site in names}
    of_name, of_county = Counter(names.values()), Counter((names[site], counties[site]) for site in names)
    told_apart = {}
    for site, name in names.items():
        number = f"site {site[5:]}" if of_county[name, counties[site]] > 1 else ""
        where = ", ".join(filter(None, (counties[site], number))) if of_name[name] > 1 else ""
        told_apart[site] = f"{name} ({where})" if where else name
    return told_apart


def _in_title_case(text: str) -> str:
    """Words in capitals in title case; in a name that has lower case too, only the long and the most usual ones."""
    is_mixed = any(letter.islower() for letter in text) and any(letter.isupper() for letter in text)

    def written(match: re.Match[str]) -> str:
        word = match[0]
        is_shouted = word in SHORT or (len(word) >= 5 and (word.isupper() or word[:2] + word[2:].upper() == word))
        if is_mixed and not is_shouted:
            return word
        is_first = bool(_BEGINS_PART.search(text[: match.start()]))
        return _word(word.upper(), is_first=is_first)

    return _WORD.sub(written, text)


def _word(word: str, *, is_first: bool) -> str:
    """One word, given in capitals."""
    if ordinal := _ORDINAL.fullmatch(word):
        return ordinal[1] + ordinal[2].lower()
    if word in SPELLED:
        return SPELLED[word]
    if word.lower() in SMALL:
        return word.capitalize() if is_first else word.lower()
    if word in ACRONYMS or any(sign.isdigit() for sign in word) or _ROMAN.fullmatch(word):
        return word
    if len(word) <= 4 and not set(word) & set("AEIOUY") and word not in WITHOUT_VOWEL:
        return word
    begin, apostrophe, rest = word.partition("'")
    if len(begin) == 1 and apostrophe and len(rest) > 1:
        return f"{begin}'{rest.capitalize()}"
    if word.startswith("MC") and len(word) >= 5:
        return f"Mc{word[2:].capitalize()}"
    return word.capitalize()
