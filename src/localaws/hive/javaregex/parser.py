r"""Reads regular expressions as Java does (java.util.regex.Pattern), or as Trino does.

Trino's library, Joni, speaks Java's syntax "with a few notable exceptions" (Trino, "Regular expression functions"):
only ``\n`` ends a line, case is Unicode's, properties have no prefix, a flag holds for the rest of its group. It has
no ``\h``, ``\R``, ``\X``: a letter that means nothing to it stands for itself.
"""

from __future__ import annotations

import re

from localaws.hive.javaregex import letters as sets
from localaws.hive.javaregex.classes import Classes, Flags
from localaws.hive.javaregex.letters import Letters
from localaws.hive.javaregex.nodes import (
    Back,
    Either,
    Group,
    Look,
    Node,
    One,
    PatternError,
    Place,
    Repeat,
    Then,
    Untranslatable,
    branches,
    shortest,
    width,
)

_EMPTY = Then(())
_NEVER = One(sets.NONE)
_SHARP_S = 0xDF
_INTERVAL = re.compile(r"\{(\d+)(,)?(\d+)?\}", re.ASCII)
_MOST = {"java": 0x7FFFFFFF, "trino": 100_000}
_JAVA_LINE_ENDS = sets.among("\n\r\u0085\u2028\u2029")
_OPENINGS = {"(?:": "plain", "(?>": "atomic", "(?=": "look", "(?!": "look", "(?<=": "look", "(?<!": "look"}


class Parser(Classes):
    """One pattern; `parse` reads it. *names* are then its groups' names, *count* how many groups there are."""

    def __init__(self, text: str, dialect: str, ignoring_case: bool) -> None:
        super().__init__(text, dialect, Flags("i" if ignoring_case else ""))
        self.names: dict[str, int] = {}
        self.count = 0
        self._open: list[int] = []
        self._total = 0

    def parse(self) -> Node:
        """Raises PatternError for what is no pattern, Untranslatable for what cannot be run."""
        self._total = self._groups()
        node = self._either()
        if self.left:
            raise self.wrong("Unmatched closing ')'", "unmatched close parenthesis")
        return node

    def _groups(self) -> int:
        """How many groups the whole has: what ``\\11`` means depends on it. Exact enough for numbers above 9."""
        bare = re.sub(r"\\Q.*?(?:\\E|\Z)|\\.|\[(?:\\.|[^\]])*\]", "x", self.text, flags=re.DOTALL)
        return len(re.findall(r"\((?!\?)|\(\?<(?![=!])", bare))

    # Structure

    def _either(self) -> Node:
        flags = self.flags
        found = [self._then()]
        while self.taken("|"):
            found.append(self._then())
        self.flags = flags
        return found[0] if len(found) == 1 else Either(tuple(found))

    def _then(self) -> Node:
        parts: list[Node] = []
        while self.left:
            self.skip_comments()
            if not self.left or self.at("|") or self.at(")"):
                break
            flagged = self._flags_here()
            if flagged is not None:
                parts.append(flagged)
                continue
            if (quoted := self._quoted()) is not None:
                parts += quoted
                continue
            if self.text[self.place] in "*+?" or (self.java and self.at("{")):
                raise self._dangling()
            parts.append(self._repeated(self._atom()))
        if "i" in self.flags and not self.java:
            parts = self._with_sharp_s(parts)
        return parts[0] if len(parts) == 1 else Then(tuple(parts))

    def _dangling(self) -> PatternError:
        letter = self.text[self.place]
        if letter == "{":
            if _INTERVAL.match(self.text, self.place):
                raise Untranslatable("a repetition {} of nothing")
            return self.wrong("Illegal repetition", "")
        return self.wrong(f"Dangling meta character '{letter}'", "target of repeat operator is not specified")

    def _with_sharp_s(self, parts: list[Node]) -> list[Node]:
        """Without regard to case, Trino takes ss and \u00df for equal."""
        letter = One(self.cased(sets.among("s")))
        made: list[Node] = []
        for part in parts:
            if part == letter and made and made[-1] == letter:
                made[-1] = Either((Then((letter, letter)), One(sets.one(_SHARP_S))))
            else:
                made.append(part)
        return made

    def _quoted(self) -> list[Node] | None:
        if not self.taken(r"\Q"):
            return None
        text, end, _ = self.text[self.place :].partition(r"\E")
        self.place += len(text) + len(end)
        parts = [self.letter(ord(each)) for each in text]
        return [*parts[:-1], self._repeated(parts[-1])] if parts else []

    def _flags_here(self) -> Node | None:
        """``(?i)``: to Java it holds for what follows, to Trino for the rest of the group, with its alternatives."""
        if self.at("(?#") and not self.java:
            end = re.compile(r"(?:\\.|[^\\)])*\)", re.DOTALL).match(self.text, self.place)
            if end is None:
                raise self.wrong("", "end pattern in group")
            self.place = end.end()
            return _EMPTY
        found = re.compile(r"\(\?([a-zA-Z]*)(?:-([a-zA-Z]*))?([:)])").match(self.text, self.place)
        if found is None or found[0] == "(?:":
            return None
        before = self.flags
        flags = self._changed(found[1], found[2] or "")
        self.place = found.end()
        self.flags = flags
        if found[3] == ")":
            if not self.java and _INTERVAL.match(self.text, self.place):
                raise self.wrong("", "target of repeat operator is not specified")
            return _EMPTY if self.java else self._either()
        body = self._either()
        self._close()
        self.flags = before
        return self._repeated(body)

    def _changed(self, on: str, off: str) -> Flags:
        known = "idmsuxU" if self.java else "imsx"
        for letter in on + off:
            if letter not in known:
                raise self.wrong("Unknown inline modifier", "undefined group option")
        return Flags("".join(set(self.flags.letters + on) - set(off)))

    def _close(self) -> None:
        if not self.taken(")"):
            raise self.wrong("Unclosed group", "end pattern with unmatched parenthesis")

    def _group(self) -> Node:
        before = self.flags
        opening = next((each for each in sorted(_OPENINGS, key=len, reverse=True) if self.taken(each)), None)
        number, name = None, None
        if opening is None:
            name = self._group_name()
            self.count += 1
            number = self.count
            self._open.append(number)
        if name is not None:
            if name in self.names:
                raise self.wrong(
                    f"Named capturing group <{name}> is already defined", f"multiplex defined name <{name}>"
                )
            assert number is not None
            self.names[name] = number
        body = self._either()
        self._close()
        self.flags = before
        if opening is None:
            self._open.pop()
            return Group(body, number)
        if opening == "(?:":
            return body
        if opening == "(?>":
            return Group(body, None)
        behind = "<" in opening
        if behind and not self.java and any(width(each) is None for each in branches(body)):
            raise self.wrong("", "invalid pattern in look-behind")
        return Look(body, behind, "!" in opening)

    def _group_name(self) -> str | None:
        if not self.taken("(?"):
            self.taken("(")
            return None
        letters = r"[a-zA-Z][a-zA-Z0-9]*" if self.java else r"[^\W\d]\w*"
        found = re.compile(rf"<({letters})>").match(self.text, self.place)
        if found is None:
            if self.at("<"):
                raise self.wrong("named capturing group has no valid name", "invalid group name <>")
            raise self.wrong("Unknown inline modifier", "undefined group option")
        self.place = found.end()
        return found[1]

    # Repetition

    def _repeated(self, node: Node) -> Node:
        while True:
            self.skip_comments()
            bounds = self._bounds()
            if bounds is None:
                return node
            mode = "?" if self.taken("?") else "+" if self.taken("+") else ""
            low, high = bounds
            if isinstance(node, (Place, Look)) and shortest(node) == 0:
                node = _EMPTY if low == 0 else node  # once is as often as any number
            else:
                node = Repeat(node, low, high, mode)
            if self.java:
                if self.left and self.text[self.place] in "*+?":
                    raise self._dangling()
                if self.at("{"):
                    raise Untranslatable("a repetition {} of a repetition")
                return node

    def _bounds(self) -> tuple[int, int | None] | None:
        for sign, low, high in (("*", 0, None), ("+", 1, None), ("?", 0, 1)):
            if self.taken(sign):
                return low, high
        if not self.at("{"):
            return None
        found = _INTERVAL.match(self.text, self.place)
        if found is None and not self.java:
            upper = re.compile(r"\{,(\d+)\}", re.ASCII).match(self.text, self.place)
            if upper is not None:
                raise Untranslatable("a repetition without a lower bound")
            return None
        if found is None:
            raise self.wrong("Illegal repetition", "")
        low, high = int(found[1]), None if found[2] and not found[3] else int(found[3] or found[1])
        if max(low, high or 0) > _MOST[self.dialect]:
            raise self.wrong("Illegal repetition range", "too big number for repeat range")
        if high is not None and high < low:
            raise self.wrong("Illegal repetition range", "upper is smaller than lower in repeat range")
        self.place = found.end()
        return low, high

    # Single things

    def _atom(self) -> Node:
        letter = self.text[self.place]
        if letter == "(":
            return self._group()
        if letter == "[":
            return One(self.class_of_letters())
        if letter == "\\":
            return self._escape()
        self.place += 1
        if letter == ".":
            return One(self._dot())
        if letter == "^":
            return Place("line start" if "m" in self.flags else "start", self._lines())
        if letter == "$":
            return Place("line end" if "m" in self.flags else "last", self._lines())
        return self.letter(ord(letter))

    def _dot(self) -> Letters:
        if "s" in self.flags:
            return sets.ALL
        return sets.without(_JAVA_LINE_ENDS if self._lines() == "java" else sets.one(0x0A))

    def _lines(self) -> str:
        return "java" if self.java and "d" not in self.flags else "unix"

    def letter(self, code: int) -> Node:
        if "i" in self.flags and not self.java and len(chr(code).casefold()) > 1:
            if code != _SHARP_S:
                raise Untranslatable(f"{chr(code)} without regard to case: it is equal to several letters, which")
            letter = One(self.cased(sets.among("s")))
            return Either((One(sets.one(code)), Then((letter, letter))))
        return One(self.cased(sets.one(code)))

    def _escape(self) -> Node:
        kind = self.text[self.place + 1 : self.place + 2]
        place = {"A": "start", "z": "end", "Z": "last", "b": "word", "B": "not word", "G": "previous"}.get(kind)
        if place is not None:
            self.place += 2
            if self.java and self.at("{g}") and kind == "b":
                raise Untranslatable(r"\b{g}")
            return Place(place, self._lines(), unicode_words=self.java and "U" in self.flags)
        if self.java and kind == "R":
            self.place += 2
            one_of = One(sets.union(((0x0A, 0x0D),), _JAVA_LINE_ENDS))
            return Group(Either((Then((self._plain(0x0D), self._plain(0x0A))), one_of)), None)
        if self.java and kind == "X":
            self.place += 2
            return Place("cluster")
        if kind == "k" and self.text[self.place + 2 : self.place + 3] == "<":
            return self._named_reference()
        if kind in "123456789" and kind:
            return self._reference()
        return One(self.escape(in_class=False))

    def _plain(self, code: int) -> Node:
        return One(sets.one(code))

    def _named_reference(self) -> Node:
        found = re.compile(r"\\k<(\w*)>").match(self.text, self.place)
        if found is None:
            raise self.wrong(r"\k is not followed by '<' for named capturing group", "invalid group name <>")
        if found[1] not in self.names:
            words = f"named capturing group <{found[1]}> does not exist", f"undefined name <{found[1]}> reference"
            raise self.wrong(*words)
        self.place = found.end()
        return self._back(self.names[found[1]])

    def _reference(self) -> Node:
        digits = re.compile(r"\d+", re.ASCII).match(self.text, self.place + 1)
        assert digits is not None
        if self.java:  # as many digits as there are groups so far
            taken = 1
            while taken < len(digits[0]) and int(digits[0][: taken + 1]) <= self.count:
                taken += 1
            number = int(digits[0][:taken])
            self.place += 1 + taken
            return self._back(number) if number <= self._total else _NEVER
        number = int(digits[0])
        if number <= self._total:
            self.place = digits.end()
            return self._back(number)
        if number <= 9:
            raise self.wrong("", "invalid backref number/name")
        octal = re.compile(r"[0-7]{1,3}").match(self.text, self.place + 1)
        if octal is None:
            raise Untranslatable(f"a reference to group {number}, which does not exist,")
        self.place = octal.end()
        return self.letter(int(octal[0], 8) & 0xFF)

    def _back(self, number: int) -> Node:
        if number > self.count or number in self._open:
            raise Untranslatable(f"a reference to group {number} before its end")
        unicode_case = not self.java or "u" in self.flags or "U" in self.flags
        return Back(number, ("unicode" if unicode_case else "ascii") if "i" in self.flags else "")
