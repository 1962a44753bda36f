"""Archives with one file in them: gzip and ZIP. What is inside is read by the form that its name says.

What may live here: unpacking into the scratch folder, within limits. An archive says of itself how large it is, and may lie; so
what comes out is counted while it comes.
"""

import gzip
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import IO

from dvctt.core.errors import ExtractError
from dvctt.core.files import open_regular
from dvctt.extract._forms import GZIP, PACKED_FORMS, ZIPPED, Incoming, Text, ending_of, form_in_words, form_of

MOST_UNPACKED = 4 << 30
"""Bytes that an archive may unpack to. A month of a province is some ten million; a hundred times that is a mistake."""
MOST_RATIO = 200
"""How many times its own size an archive may unpack to. Tables of text give 5 to 50; what is made to fill a disk, 1,000."""
_FREE_OF_RATIO = 64 << 20
"""Bytes up to which the ratio says nothing: a short table of equal rows packs well, and harms nobody."""
_CHUNK = 1 << 20
_FLAG_ENCRYPTED = 0x1
_BROKEN = (zipfile.BadZipFile, gzip.BadGzipFile, zlib.error, struct.error, EOFError, ValueError, NotImplementedError)


def as_text(incoming: Incoming) -> Text:
    """Unpack the one file of the archive and read it by its form.

    Raises:
        ExtractError: no archive, not whole, with a password, with no file or several in it, or beyond the limits.
    """
    is_gzip = incoming.origin.name.endswith(".gz")
    wanted = GZIP if is_gzip else ZIPPED
    if other := incoming.other_form(wanted):
        raise other
    if form_in_words(incoming.head(16)) is None:
        raise ExtractError(f"{incoming.shown}: not {wanted}, or not whole; ask the source to send the file again")
    inner = (ending_of(incoming.origin.name) or "").rpartition(".")[0]
    unpacked = incoming.scratch / "unpacked"
    with open_regular(incoming.path) as file:
        try:
            with _member(incoming, file, inner, is_gzip=is_gzip) as (member, found):
                _unpack(incoming, member, unpacked)
        except _BROKEN:
            raise ExtractError(
                f"{incoming.shown}: the archive is not whole: it is still being written, was cut or is damaged; ask the source "
                f"to send the file again"
            ) from None
    return form_of(f"x.{found}").as_text(replace(incoming, path=unpacked))


Unpacking = gzip.GzipFile | IO[bytes]


@contextmanager
def _member(incoming: Incoming, file: IO[bytes], inner: str, *, is_gzip: bool) -> Iterator[tuple[Unpacking, str]]:
    """The file in the archive, open, and the ending that says its form."""
    if is_gzip:
        with gzip.GzipFile(fileobj=file) as member:
            yield member, inner
        return
    with zipfile.ZipFile(file) as archive:
        # what macOS packs beside each file is no file of the source
        files = [each for each in archive.infolist() if not each.is_dir() and not each.filename.startswith("__MACOSX/")]
        if len(files) != 1:
            raise ExtractError(
                f"{incoming.shown}: {len(files)} files in the archive, wanted one; ask the source for an archive a file"
            )
        (only,) = files
        if only.flag_bits & _FLAG_ENCRYPTED:
            raise ExtractError(f"{incoming.shown}: protected by a password; ask the source for an archive without one")
        found = inner or ending_of(only.filename) or ""
        if found not in PACKED_FORMS:
            raise ExtractError(
                f"{incoming.shown}: the ending of the file in the archive is none of {', '.join(PACKED_FORMS)}; ask the source "
                f"to send other forms without an archive"
            )
        if only.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise ExtractError(
                f"{incoming.shown}: packed by a method that is not read here; ask the source for a usual ZIP archive (deflate)"
            )
        with archive.open(only) as opened:
            yield opened, found


def _unpack(incoming: Incoming, member: Unpacking, target: Path) -> None:
    packed, size = incoming.path.stat().st_size, 0
    with target.open("xb") as out:
        while chunk := member.read(_CHUNK):
            size += len(chunk)
            refuse_bomb(incoming, size, packed)
            out.write(chunk)


def refuse_bomb(incoming: Incoming, size: int, packed: int) -> None:
    """Hold what has come out of so many packed bytes against the limits.

    Raises:
        ExtractError: it is more than a table packs to.
    """
    most = min(MOST_UNPACKED, max(_FREE_OF_RATIO, packed * MOST_RATIO))
    if size > most:
        raise ExtractError(
            f"{incoming.shown}: unpacks to more than {most} bytes from {packed}, which no table does; ask the source what it "
            f"has sent, and to send it unpacked if that is right"
        )
