"""Sets of characters: sorted ranges of code points, and those that Unicode, POSIX and Java have a name for.

Sources: java.util.regex.Pattern ("Classes for Unicode scripts, blocks, categories and binary properties"), Unicode
Technical Standard 18, Trino's "Regular expression functions".
"""

from __future__ import annotations

import unicodedata
from functools import lru_cache

import regex

Letters = tuple[tuple[int, int], ...]

_LAST = 0x10FFFF
ALL: Letters = ((0, _LAST),)
NONE: Letters = ()


def one(code: int) -> Letters:
    return ((code, code),)


def among(text: str) -> Letters:
    return union(*(one(ord(letter)) for letter in text))


def union(*sets: Letters) -> Letters:
    made: list[tuple[int, int]] = []
    for low, high in sorted(each for letters in sets for each in letters):
        if made and low <= made[-1][1] + 1:
            made[-1] = (made[-1][0], max(high, made[-1][1]))
        else:
            made.append((low, high))
    return tuple(made)


def without(letters: Letters) -> Letters:
    """All characters but *letters*."""
    made, start = [], 0
    for low, high in letters:
        if start < low:
            made.append((start, low - 1))
        start = high + 1
    return tuple(made) if start > _LAST else (*made, (start, _LAST))


def both(left: Letters, right: Letters) -> Letters:
    return without(union(without(left), without(right)))


# What differs in case

_ASCII_CASES = 0x20


def ignoring_ascii_case(letters: Letters) -> Letters:
    """With the other case of each letter from a to z."""
    lower = both(letters, ((0x61, 0x7A),))
    upper = both(letters, ((0x41, 0x5A),))
    moved = [(low - _ASCII_CASES, high - _ASCII_CASES) for low, high in lower]
    moved += [(low + _ASCII_CASES, high + _ASCII_CASES) for low, high in upper]
    return union(letters, tuple(moved))


def ignoring_case(letters: Letters) -> Letters:
    """With all characters that have the same lower case of their upper case: Java's test, character by character."""
    if letters == ALL:
        return letters
    cases = _cases()
    found = [each for low, high in both(letters, _cased()) for code in range(low, high + 1) for each in cases[code]]
    return union(letters, tuple((code, code) for code in found))


@lru_cache(1)
def _cases() -> dict[int, tuple[int, ...]]:
    """Each character that has a case, and those that are equal to it but for that."""
    families: dict[str, list[int]] = {}
    for code in range(_LAST + 1):
        letter = chr(code)
        upper = letter.upper() if len(letter.upper()) == 1 else letter
        lower = upper.lower() if len(upper.lower()) == 1 else upper
        if upper != letter or lower != letter:
            families.setdefault(lower, [ord(lower)]).append(code)
    return {code: tuple(family) for family in families.values() for code in family}


@lru_cache(1)
def _cased() -> Letters:
    return union(tuple((code, code) for code in _cases()))


# Named sets


@lru_cache(1)
def _every() -> str:
    return "".join(map(chr, range(_LAST + 1)))


@lru_cache(256)
def unicode(name: str) -> Letters | None:
    """The characters with Unicode's property *name*, as in ``Script=Greek``; None if there is no such property."""
    try:
        pattern = regex.compile(rf"[\p{{{name}}}]+")
    except regex.error:
        return None
    return tuple((found.start(), found.end() - 1) for found in pattern.finditer(_every()))


def _known(*names: str) -> Letters:
    found = [unicode(name) for name in names]
    return union(*(each for each in found if each is not None))


def _category(name: str) -> Letters | None:
    return unicode(f"General_Category={name}")


_CATEGORIES = frozenset(
    "Cn Lu Ll Lt Lm Lo Mn Me Mc Nd Nl No Zs Zl Zp Cc Cf Co Cs Pd Ps Pe Pc Po Sm Sc Sk So Pi Pf L M N Z C P S".split()
)
_ASCII = {
    "Lower": "a-z", "Upper": "A-Z", "ASCII": r"\x00-\x7f", "Alpha": "a-zA-Z", "Digit": "0-9", "Alnum": "a-zA-Z0-9",
    "Punct": r"!-/:-@\[-`{-~", "Graph": "!-~", "Print": " -~", "Blank": r" \t", "Cntrl": r"\x00-\x1f\x7f",
    "XDigit": "0-9a-fA-F", "Space": r" \t\n\x0b\f\r", "Word": "a-zA-Z0-9_",
}  # fmt: skip


@lru_cache(32)
def ascii_class(name: str) -> Letters:
    """One of POSIX' classes, as Java has them if nothing else is said: of ASCII."""
    pattern = regex.compile(f"[{_ASCII[name]}]+")
    return tuple((found.start(), found.end() - 1) for found in pattern.finditer(_every()[:128]))


@lru_cache(32)
def unicode_class(name: str) -> Letters:
    """One of POSIX' classes as Unicode has it (UTS 18, Annex C)."""
    match name:
        case "Lower":
            return _known("Lowercase")
        case "Upper":
            return _known("Uppercase")
        case "Alpha":
            return _known("Alphabetic")
        case "Digit":
            return _known("gc=Nd")
        case "Alnum":
            return _known("Alphabetic", "gc=Nd")
        case "Punct":
            return _known("gc=P")
        case "Graph":
            return without(_known("White_Space", "gc=Cc", "gc=Cs", "gc=Cn"))
        case "Print":
            return both(union(unicode_class("Graph"), _known("gc=Zs")), without(_known("gc=Cc")))
        case "Blank":
            return union(_known("gc=Zs"), one(9))
        case "Cntrl":
            return _known("gc=Cc")
        case "XDigit":
            return _known("gc=Nd", "Hex_Digit")
        case "Space":
            return _known("White_Space")
        case "Word":
            return _known("Alphabetic", "gc=M", "gc=Nd", "gc=Pc", "Join_Control")
    return ascii_class(name)


@lru_cache(2)
def of_words(unicode_words: bool) -> Letters:
    r"""What makes a word for ``\b``, which is Unicode's in any case."""
    return unicode_class("Word") if unicode_words else union(_known("gc=L", "gc=Nd", "gc=M"), one(0x5F))


_OF_JAVA = {
    "LowerCase": ("Lowercase",), "UpperCase": ("Uppercase",), "TitleCase": ("gc=Lt",), "Digit": ("gc=Nd",),
    "Letter": ("gc=L",), "LetterOrDigit": ("gc=L", "gc=Nd"), "Alphabetic": ("Alphabetic",),
    "Ideographic": ("Ideographic",), "SpaceChar": ("gc=Z",), "ISOControl": ("gc=Cc",), "Mirrored": ("Bidi_Mirrored",),
}  # fmt: skip


def java_method(name: str) -> Letters | None:
    """The characters for which ``Character.is…`` is true; *name* is what follows that."""
    if name == "Whitespace":
        return both(union(_known("gc=Z"), ((9, 13), (28, 31))), without(among("\u00a0\u2007\u202f")))
    if name == "Defined":
        return without(_known("gc=Cn"))
    return _known(*_OF_JAVA[name]) if name in _OF_JAVA else None


def named(name: str) -> Letters | None:
    """What Java and Trino share: categories, blocks (``InGreek``), ``LC``, ``LD``, ``L1``, ``all``, Java's methods."""
    if name in _CATEGORIES:
        return _category(name)
    if name.startswith("java"):
        return java_method(name[4:])
    if name.startswith("In"):
        return unicode(f"Block={name[2:]}")
    match name:
        case "LC":
            return _known("gc=Lu", "gc=Ll", "gc=Lt")
        case "LD":
            return _known("gc=L", "gc=Nd")
        case "L1":
            return ((0, 0xFF),)
        case "all":
            return ALL
    return None


_BINARY = frozenset(
    "alphabetic ideographic letter lowercase uppercase titlecase white_space control punctuation hex_digit assigned "
    "noncharacter_code_point digit alnum blank graph print word join_control".split()
)
_OTHER_NAMES = {"letter": "gc=L", "titlecase": "gc=Lt", "control": "gc=Cc", "punctuation": "gc=P", "digit": "gc=Nd"}


def java_property(name: str, unicode_classes: bool) -> Letters | None:
    """What Java means by ``\\p{name}``; None if there is no such property."""
    if "=" in name:
        key, value = name.split("=", 1)
        kinds = {"sc": "Script", "script": "Script", "blk": "Block", "block": "Block",
                 "gc": "General_Category", "general_category": "General_Category"}  # fmt: skip
        return unicode(f"{kinds[key.lower()]}={value}") if key.lower() in kinds else None
    if name in _ASCII and name != "Word":
        return unicode_class(name) if unicode_classes else ascii_class(name)
    if not name.startswith("Is"):
        return named(name)
    plain = name[2:].lower()
    if plain == "assigned":
        return without(_known("gc=Cn"))
    if plain in ("alnum", "blank", "graph", "print", "word"):
        return unicode_class(plain.capitalize())
    if plain in _BINARY:
        return unicode(_OTHER_NAMES.get(plain, plain))
    return named(name[2:]) if name[2:] in _CATEGORIES else unicode(f"Script={name[2:]}")


def trino_property(name: str) -> Letters | None:
    """What Trino means by ``\\p{name}``: no prefix before scripts, categories and properties, and no underscore."""
    posix = {each.lower(): each for each in _ASCII}
    if "_" in name or "=" in name or name.lower().startswith("is"):
        return None
    if name.lower() in posix:
        found = posix[name.lower()]
        if found == "XDigit":
            return ascii_class(found)
        return union(_known("gc=L", "gc=M", "gc=Nd", "gc=Pc")) if found == "Word" else unicode_class(found)
    return next((found for found in (named(name), unicode(f"Script={name}"), _binary(name)) if found is not None), None)


def _binary(name: str) -> Letters | None:
    return unicode(f"{name}=Yes")


def by_name(name: str) -> int | None:
    """The character that Unicode calls *name*."""
    try:
        return ord(unicodedata.lookup(name))
    except (KeyError, TypeError):
        return None
