"""Writes a pattern that was read for what runs it: Python's re, the library regex, or RE2.

Sets of characters are written out, so that no library's own idea of case, digits, or words comes in.
"""

from __future__ import annotations

from localaws.hive.javaregex import letters as sets
from localaws.hive.javaregex.letters import Letters
from localaws.hive.javaregex.nodes import (
    Back,
    Either,
    Group,
    Look,
    Node,
    One,
    Place,
    Repeat,
    Then,
    Untranslatable,
    branches,
    width,
)

#: What RE2 repeats at most, and the size of a pattern that DuckDB still takes with its memory for one (in our units).
_MOST_REPEATED = 1000
_LARGEST_RE2 = 20_000
_BELOW: Letters = ((0, 0xFFFF),)
_JAVA_LAST = r"(?=(?:\r\n|(?<!\r)\n|[\r\x85\u2028\u2029])?\Z)"
_JAVA_LINE_END = r"(?=\r\n|(?<!\r)\n|[\r\x85\u2028\u2029]|\Z)"
_JAVA_LINE_START = r"(?:\A|(?<=[\n\x85\u2028\u2029])|(?<=\r)(?!\n))(?!\Z)"


def for_python(node: Node, with_regex: bool) -> str:
    """For Python's re, or for the library regex."""
    return _Python(with_regex).write(node)


def needs_regex(node: Node) -> bool:
    """Whether re lacks something of it: a look behind of no fixed length, ``\\G``, ``\\X``."""
    match node:
        case Then(parts) | Either(parts):
            return any(map(needs_regex, parts))
        case Look(body, behind, _):
            return (behind and any(width(each) is None for each in branches(body))) or needs_regex(body)
        case Group(body) | Repeat(body):
            return needs_regex(body)
        case Place(kind):
            return kind in ("previous", "cluster")
    return False


def for_re2(node: Node, only_whether: bool, in_ascii: bool) -> str | None:
    """For RE2, which never goes back; None for what it has not.

    *only_whether* it matches counts, not where. *in_ascii*: it meets texts of ASCII only.
    """
    try:
        if _size(node) > _LARGEST_RE2:
            return None
        return _Re2(only_whether, in_ascii).write(node, is_last=True)
    except Untranslatable:
        return None


def _code(code: int) -> str:
    if code < 0x80 and chr(code).isalnum():
        return chr(code)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def _re2_code(code: int) -> str:
    return chr(code) if code < 0x80 and chr(code).isalnum() else f"\\x{{{code:x}}}"


def _ranges(letters: Letters, surrogates: bool = True) -> list[tuple[int, int]]:
    if surrogates:
        return list(letters)
    return list(sets.both(letters, ((0, 0xD7FF), (0xE000, 0x10FFFF))))


def _quantifier(low: int, high: int | None, mode: str) -> str:
    sign = {(0, None): "*", (1, None): "+", (0, 1): "?"}.get((low, high))
    if sign is None:
        sign = f"{{{low}}}" if low == high else f"{{{low},{'' if high is None else high}}}"
    return sign + mode


class _Python:
    def __init__(self, with_regex: bool) -> None:
        self._with_regex = with_regex

    def write(self, node: Node) -> str:
        match node:
            case One(letters):
                return self._set(letters)
            case Then(parts):
                return "".join(
                    f"(?:{self.write(each)})" if isinstance(each, Either) else self.write(each) for each in parts
                )
            case Either(either):
                return "|".join(map(self.write, either))
            case Group(body, None):
                return f"(?>{self.write(body)})"
            case Group(body):
                return f"({self.write(body)})"
            case Repeat(body, low, high, mode):
                return self._whole(body) + _quantifier(low, high, mode)
            case Back(number, ignoring):
                return self._back(number, ignoring)
            case Look():
                return self._look(node)
            case Place():
                return self._place(node)

    def _whole(self, node: Node) -> str:
        written = self.write(node)
        return written if isinstance(node, (One, Group)) else f"(?:{written})"

    def _set(self, letters: Letters) -> str:
        if letters == sets.NONE:
            return "(?!)"
        if letters == sets.ALL:
            return r"[\s\S]"
        if len(letters) == 1 and letters[0][0] == letters[0][1]:
            return _code(letters[0][0])
        written, sign = letters, ""
        if letters[-1][1] == sets.ALL[0][1]:
            written, sign = sets.without(letters), "^"
        return f"[{sign}{''.join(self._range(*each) for each in written)}]"

    def _quick_set(self, letters: Letters) -> str:
        """A large set, asked for at every place: re looks characters up below 0x10000, and tries ranges above."""
        low, high = (sets.both(letters, half) for half in (_BELOW, sets.without(_BELOW)))
        return f"(?:{self._set(low)}|(?!{self._set(_BELOW)}){self._set(high)})"

    @staticmethod
    def _range(low: int, high: int) -> str:
        return _code(low) if low == high else f"{_code(low)}-{_code(high)}"

    def _back(self, number: int, ignoring: str) -> str:
        if not ignoring:
            return f"(?:\\{number})"
        if self._with_regex and ignoring == "ascii":
            raise Untranslatable("a reference without regard to case, beside a look behind of no fixed length,")
        return f"(?ai:\\{number})" if ignoring == "ascii" else f"(?i:\\{number})"

    def _look(self, look: Look) -> str:
        sign = ("<" if look.behind else "") + ("!" if look.negative else "=")
        if not look.behind or self._with_regex or not isinstance(look.body, Either):
            return f"(?{sign}{self.write(look.body)})"
        each = [f"(?{sign}{self.write(branch)})" for branch in look.body.branches]  # each of a length of its own
        return "".join(each) if look.negative else f"(?:{'|'.join(each)})"

    def _place(self, place: Place) -> str:
        java = place.lines == "java"
        match place.kind:
            case "start":
                return r"\A"
            case "end":
                return r"\Z"
            case "last":
                return _JAVA_LAST if java else r"(?=\n?\Z)"
            case "line start":
                return _JAVA_LINE_START if java else r"(?:\A|(?<=\n)(?!\Z))"
            case "line end":
                return _JAVA_LINE_END if java else r"(?=\n|\Z)"
            case "previous":
                return r"\G"
            case "cluster":
                return r"\X"
        words = self._quick_set(sets.of_words(place.unicode_words))
        if place.kind == "word":
            return rf"(?:(?<={words})(?!{words})|(?<!{words})(?={words}))"
        return rf"(?:(?<={words})(?={words})|(?<!{words})(?!{words}))"


def _size(node: Node) -> int:
    """How large RE2's program for it is, about."""
    match node:
        case One(letters):
            return 1 + len(letters)
        case Then(parts) | Either(parts):
            return sum(map(_size, parts))
        case Group(body):
            return 1 + _size(body)
        case Repeat(body, low, high):
            return _size(body) * max(low, high or 0, 1)
    return 1


class _Re2:
    def __init__(self, only_whether: bool, in_ascii: bool) -> None:
        self._only_whether = only_whether
        self._in_ascii = in_ascii
        self._repeated = 1

    def write(self, node: Node, is_last: bool) -> str:
        match node:
            case One(letters):
                return self._set(letters)
            case Then(parts):
                count = len(parts)
                written = [self.write(each, is_last and place == count - 1) for place, each in enumerate(parts)]
                return "".join(
                    f"(?:{text})" if isinstance(each, Either) else text
                    for each, text in zip(parts, written, strict=True)
                )
            case Either(either):
                return "|".join(self.write(each, is_last) for each in either)
            case Group(body, int()):
                return f"({self.write(body, is_last)})"
            case Repeat(body, low, high, mode) if mode != "+":
                return self._repeat(body, low, high, mode)
            case Place():
                return self._place(node, is_last)
        raise Untranslatable("this part, by RE2,")

    def _repeat(self, body: Node, low: int, high: int | None, mode: str) -> str:
        before = self._repeated
        self._repeated *= max(low, high or 0, 1)
        if self._repeated > _MOST_REPEATED:
            raise Untranslatable("so much repetition, by RE2,")
        written = self.write(body, False)
        self._repeated = before
        whole = written if isinstance(body, (One, Group)) else f"(?:{written})"
        return whole + _quantifier(low, high, mode)

    def _place(self, place: Place, is_last: bool) -> str:
        match place.kind, place.lines:
            case "start", _:
                return r"\A"
            case "end", _:
                return r"\z"
            case "line end", "unix":
                return "(?m:$)"
            case "word", _ if self._in_ascii:
                return r"\b"
            case "not word", _ if self._in_ascii:
                return r"\B"
            case "last", "unix" if is_last and self._only_whether:
                return r"(?:\x{a}?\z)"
        raise Untranslatable("this place, by RE2,")

    def _set(self, letters: Letters) -> str:
        ranges = _ranges(letters, surrogates=False)
        if not ranges:
            return r"[^\x{0}-\x{10FFFF}]"
        if len(ranges) == 1 and ranges[0][0] == ranges[0][1]:
            return _re2_code(ranges[0][0])
        parts = [_re2_code(low) if low == high else f"{_re2_code(low)}-{_re2_code(high)}" for low, high in ranges]
        return f"[{''.join(parts)}]"
