"""JSON lines: one flat object a line. What an object is, is ``json_text``'s business."""

import json
from collections.abc import Iterator
from typing import Any, TextIO

from dvctt.extract._forms import Incoming, Text
from dvctt.extract._forms.json_text import DECODER, LONGEST_OBJECT, Malformed, objects_as_text


def as_text(incoming: Incoming) -> Text:
    """The objects of the lines as rows; blank lines are none.

    Raises:
        ExtractError: a line is no flat object, or the file no UTF-8.
    """
    return objects_as_text(incoming, _objects_of_lines, 0)


def _objects_of_lines(text: TextIO) -> Iterator[Any]:
    number = 0
    while line := text.readline(LONGEST_OBJECT + 1):
        number += 1
        if len(line) > LONGEST_OBJECT:
            raise Malformed(f"line {number} is longer than {LONGEST_OBJECT} characters")
        if not line.strip(" \t\r\n"):
            continue
        try:
            yield DECODER.decode(line)
        except json.JSONDecodeError:
            raise Malformed(f"line {number} is no JSON object, or not whole") from None
