"""Vietnamese in codes that are fonts: TCVN3 (ABC) and VNI write other letters and let a font draw them as Vietnamese.

Such text decodes without an error, and every name in it is wrong. Here it is recognised, to be refused with the way to
convert it; it is never converted here, because where the signs of such a code are true letters nobody can tell.
"""

import re
from pathlib import Path

from dvctt.core.files import open_regular

_HEAD = 1 << 20
_VIETNAMESE = re.compile("[ĂăĐđĨĩŨũƠơƯư\u1ea0-\u1ef9]")
"""Letters that Vietnamese alone has: text of a font's code has none."""
_SIGNS = {
    "TCVN3 (ABC)": re.compile("[A-Za-z][µ¸¶·¹¨»¾¼½©ª«¬®\u00ad]|[®§][A-Za-zÀ-ÿ]"),
    "VNI": re.compile("[AEOUYaeouy][øûïØÛÏ]|[Aa][âêåäëúüÂÊÅÄËÚÜ]|[EOeo][âÂ]|[ñÑ][aeiouyöôAEIOUYÖÔ]"),
}
_ENOUGH = 5
"""Signs of a code that make text of it; fewer are a foreign name, or a slip."""
ADVICE = (
    "convert it to Unicode (UniKey Toolkit, Ctrl+Shift+F6: from {code} to Unicode), save it as UTF-8 and send it again"
)


def legacy_code(text: str) -> str | None:
    """The font's code that a text is written in; None when it is written in none."""
    true_letters = len(_VIETNAMESE.findall(text))
    counts = {name: len(signs.findall(text)) for name, signs in _SIGNS.items()}
    name = max(counts, key=lambda each: counts[each])
    return name if counts[name] >= _ENOUGH and counts[name] > true_letters else None


def legacy_code_of(path: Path) -> str | None:
    """As ``legacy_code``, of a file's first bytes, whether they are UTF-8 or letters of one byte."""
    with open_regular(path) as file:
        head = file.read(_HEAD)
    try:
        text = head[: head.rfind(b"\n") + 1 or None].decode("utf-8-sig")
    except UnicodeDecodeError:
        text = head.decode("latin-1")
    return legacy_code(text)


def advice_for_bytes(path: Path) -> str:
    """What to do about a file that is not UTF-8."""
    if code := legacy_code_of(path):
        return f"its letters are those of {code}, which is a font's code; {ADVICE.format(code=code)}"
    with open_regular(path) as file:
        head = file.read(_HEAD)
    if _is_without_mark(head):
        return "it looks like UTF-16 without its mark; ask the source to send it with the mark (FF FE), or as UTF-8"
    if _may_be_1258(head):
        return (
            "it may be Windows-1258: where the source says that it writes that, say encoding: windows-1258 of this entity in "
            "sources.yml; otherwise ask for UTF-8"
        )
    return "ask the source to send the file again"


def _is_without_mark(head: bytes) -> bool:
    """Every second byte of the header is zero."""
    start = head[:64]
    return len(start) >= 8 and (not any(start[1::2]) or not any(start[0::2])) and any(start)


def _may_be_1258(head: bytes) -> bool:
    try:
        text = head.decode("cp1258")
    except UnicodeDecodeError:
        return False
    marks = len(re.findall("[A-Za-zĂÂĐÊÔƠƯăâđêôơư][\u0300\u0301\u0303\u0309\u0323]", text))
    return marks >= 1
