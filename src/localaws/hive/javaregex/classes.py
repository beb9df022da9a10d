r"""Reads what stands for one character: classes in brackets, and escapes such as ``\d``, ``\x{1F600}``, ``\p{Lu}``."""

from __future__ import annotations

import re
from dataclasses import dataclass

from localaws.hive.javaregex import letters as sets
from localaws.hive.javaregex.letters import Letters
from localaws.hive.javaregex.nodes import PatternError, Untranslatable

_CONTROLS = {"t": 9, "n": 10, "r": 13, "f": 12, "a": 7, "e": 27}
_HORIZONTAL = sets.union(sets.among("\t \u00a0\u1680\u180e\u202f\u205f\u3000"), ((0x2000, 0x200A),))
_VERTICAL = sets.union(((0x0A, 0x0D),), sets.among("\u0085\u2028\u2029"))
_HEX = re.compile(r"\\x(?:([0-9a-fA-F]{2})|\{([0-9a-fA-F]+)\})")
_UNIT = re.compile(r"\\u([0-9a-fA-F]{4})")
_PROPERTY = re.compile(r"\\([pP])(?:\{([^}]*)\}|(.))", re.DOTALL)
_POSIX = re.compile(r"\[:(\^?)(\w+):\]")
_BOTH_CASES = frozenset("Lower Upper Lu Ll Lt javaLowerCase javaUpperCase javaTitleCase".split())
_DEEPEST = 100


@dataclass(frozen=True)
class Flags:
    """The letters of the flags that are on."""

    letters: str

    def __contains__(self, letter: str) -> bool:
        return letter in self.letters


class Classes:
    """A place in a pattern, and what reads a character's set there. *dialect* is ``java`` or ``trino``."""

    def __init__(self, text: str, dialect: str, flags: Flags) -> None:
        self.text = text
        self.dialect = dialect
        self.java = dialect == "java"
        self.flags = flags
        self.place = 0
        self._depth = 0

    @property
    def left(self) -> bool:
        return self.place < len(self.text)

    def at(self, words: str) -> bool:
        return self.text.startswith(words, self.place)

    def taken(self, words: str) -> bool:
        if not self.at(words):
            return False
        self.place += len(words)
        return True

    def wrong(self, java: str, trino: str) -> PatternError:
        """The error, in the words of the library that reads this dialect."""
        return PatternError(f"{java} near index {self.place}" if self.java else trino)

    def skip_comments(self) -> None:
        """Blanks and comments, under the flag x."""
        if "x" in self.flags:
            ends = r"\n\r\u0085\u2028\u2029" if self.java and "d" not in self.flags else r"\n"
            found = re.compile(rf"(?:[ \t\n\x0b\f\r]|#[^{ends}]*)*").match(self.text, self.place)
            assert found is not None
            self.place = found.end()

    def cased(self, letters: Letters) -> Letters:
        """*letters*, with their other cases under the flag i."""
        if "i" not in self.flags:
            return letters
        wide = not self.java or "u" in self.flags or "U" in self.flags
        return sets.ignoring_case(letters) if wide else sets.ignoring_ascii_case(letters)

    # Classes in brackets

    def class_of_letters(self) -> Letters:
        """From ``[`` to its ``]``."""
        self._depth += 1
        if self._depth > _DEEPEST:
            raise Untranslatable(f"a class in more than {_DEEPEST} others")
        self.place += 1
        negated = self.taken("^")
        found = self._intersected()
        self._depth -= 1
        return sets.without(found) if negated else found

    def _intersected(self) -> Letters:
        """Operands between ``&&``. Java takes an empty one for nothing said; Trino for no character."""
        operands = [self._union(first=True)]
        while self.taken("&&"):
            operands.append(self._union(first=False))
        if not self.taken("]"):
            raise self.wrong("Unclosed character class", "premature end of char-class")
        said = [each for each in operands if each is not None]
        if len(said) < len(operands):
            if self.java and len(operands) > 2:
                raise Untranslatable("an empty part of an intersection of classes")
            said = said if self.java and said else [sets.NONE]
        found = said[0]
        for each in said[1:]:
            found = sets.both(found, each)
        return found

    def _union(self, first: bool) -> Letters | None:
        """Up to ``&&`` or ``]``; None if there is nothing. ``]`` comes first only as itself."""
        parts: list[Letters] = []
        while self.left and not self.at("&&"):
            if self.java:
                self.skip_comments()
                if not self.left or self.at("&&"):
                    break
            if self.at("]") and (parts or not first):
                break
            if self.at("]") and not self.java and "]" not in self.text[self.place + 1 :]:
                raise self.wrong("", "empty char-class")
            parts += self._parts()
        if not parts:
            return None
        return sets.union(*parts)

    def _parts(self) -> list[Letters]:
        if self.java and self.taken(r"\Q"):
            text, end, _ = self.text[self.place :].partition(r"\E")
            self.place += len(text) + len(end)
            return [self.cased(sets.one(ord(letter))) for letter in text]
        if not self.java and (found := _POSIX.match(self.text, self.place)):
            letters = sets.trino_property(found[2])
            if letters is None:
                raise self.wrong("", f"invalid POSIX bracket type <{found[2]}>")
            self.place = found.end()
            return [sets.without(letters) if found[1] else letters]
        if self.at("["):
            return [self.class_of_letters()]
        low = self._item()
        if not self._is_range():
            return [self.cased(low)]
        if len(low) != 1 or low[0][0] != low[0][1]:
            return [low]  # [\w-z]: a dash after a class is itself
        self.place += 1
        high = self._item()
        if len(high) != 1 or high[0][0] != high[0][1]:
            raise self.wrong("Illegal character range", "char-class value at end of range")
        if high < low:
            raise self.wrong("Illegal character range", "empty range in char class")
        return [self.cased(((low[0][0], high[0][0]),))]

    def _is_range(self) -> bool:
        return self.at("-") and self.text[self.place + 1 : self.place + 2] not in ("]", "[", "") and not (
            self.text.startswith("&&", self.place + 1)
        )  # fmt: skip

    def _item(self) -> Letters:
        """A character or an escape, its case as it stands."""
        if not self.left:
            raise self.wrong("Unclosed character class", "premature end of char-class")
        if self.at("\\"):
            return self.escape(in_class=True)
        self.place += 1
        return sets.one(ord(self.text[self.place - 1]))

    # Escapes

    def escape(self, in_class: bool) -> Letters:
        """What the backslash here and the letters after it stand for."""
        kind = self.text[self.place + 1 : self.place + 2]
        if not kind:
            raise self.wrong("Unclosed character class" if in_class else "Unexpected end", "end pattern at escape")
        if kind in "pP":
            return self._property()
        predefined = self._predefined(kind.lower())
        if predefined is not None:
            self.place += 2
            return sets.without(predefined) if kind.isupper() else predefined
        letter = sets.one(self._code(kind, in_class))
        return letter if in_class else self.cased(letter)

    def _predefined(self, kind: str) -> Letters | None:
        wide = self.java and "U" in self.flags
        match kind:
            case "d" | "s" | "w":
                name = {"d": "Digit", "s": "Space", "w": "Word"}[kind]
                return sets.unicode_class(name) if wide else sets.ascii_class(name)
            case "h" if self.java:
                return _HORIZONTAL
            case "v" if self.java:
                return _VERTICAL
        return None

    def _code(self, kind: str, in_class: bool) -> int:
        start = self.place
        self.place += 2
        if kind == "v":
            return 0x0B
        if kind in _CONTROLS:
            return _CONTROLS[kind]
        if kind == "x" or kind == "u":
            return self._hex(start)
        if kind == "c":
            if not self.left:
                raise self.wrong("Illegal control escape sequence", "end pattern at control")
            self.place += 1
            code = ord(self.text[self.place - 1])
            return code ^ 0x40 if self.java else code & 0x9F
        if kind == "0" or (in_class and not self.java and kind in "1234567"):
            return self._octal(start)
        if kind == "N" and self.java:
            found = re.compile(r"\{([^}]+)\}").match(self.text, self.place)
            code_point = sets.by_name(found[1]) if found else None
            if found is None or code_point is None:
                raise self.wrong("Illegal character name escape sequence", "")
            self.place = found.end()
            return code_point
        if kind.isascii() and kind.isalnum() and self.java:
            raise self.wrong("Illegal/unsupported escape sequence", "")
        if not self.java and kind in "MCg":
            raise Untranslatable(f"\\{kind}")
        return 8 if in_class and kind == "b" else ord(kind)

    def _octal(self, start: int) -> int:
        if self.java:
            found = re.compile(r"0([0-3][0-7]{2}|[0-7]{1,2})").match(self.text, start + 1)
            if found is None:
                raise self.wrong("Illegal octal escape sequence", "")
        else:
            found = re.compile(r"0([0-7]{0,2})|([1-7][0-7]{0,2})").match(self.text, start + 1)
            assert found is not None
        self.place = found.end()
        return int(found[1] or found[0], 8)

    def _hex(self, start: int) -> int:
        kind = "hexadecimal" if self.text[start + 1] == "x" else "Unicode"
        found = (_HEX if kind == "hexadecimal" else _UNIT).match(self.text, start)
        if found is None:
            if not self.java:
                raise Untranslatable("an incomplete \\x or \\u")
            raise self.wrong(f"Illegal {kind} escape sequence", "")
        self.place = found.end()
        code = int(found[1] or found[2], 16)
        if code > 0x10FFFF:
            if self.java:
                raise self.wrong("Hexadecimal codepoint is too big", "")
            raise Untranslatable("a code point above \\x{10FFFF}")
        low = _UNIT.match(self.text, self.place)
        if self.java and kind == "Unicode" and 0xD800 <= code < 0xDC00 and low and 0xDC00 <= int(low[1], 16) < 0xE000:
            self.place = low.end()
            return 0x10000 + ((code - 0xD800) << 10) + int(low[1], 16) - 0xDC00
        return code

    def _property(self) -> Letters:
        found = _PROPERTY.match(self.text, self.place)
        if found is None:
            raise self.wrong("Unclosed character family", "invalid character property name <>")
        name = found[2] if found[2] is not None else found[3]
        letters = None
        if re.fullmatch("[A-Za-z0-9_= -]+", name):
            letters = sets.java_property(name, "U" in self.flags) if self.java else sets.trino_property(name)
        if letters is None:
            words = f"Unknown character property name {{{name}}}", f"invalid character property name <{name}>"
            raise self.wrong(*words)
        if self.java and "i" in self.flags and name in _BOTH_CASES:
            wide = "U" in self.flags or name not in ("Lower", "Upper")
            letters = sets.named("LC") if wide else sets.ascii_class("Alpha")
            assert letters is not None
        self.place = found.end()
        return sets.without(letters) if found[1] == "P" else letters
