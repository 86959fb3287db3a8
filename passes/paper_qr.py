"""The QR for paper: as many modules as a camera still tells apart at the printed size (ISO/IEC 18004)."""

from itertools import groupby

import segno

from passes.face import FaceRefused
from passes.qr import BORDER

SMALLEST_MODULE = 0.5
"""Millimetres; below, ink spreads and a phone at arm's length sees grey."""
_LARGEST_VERSION = 10


def printed_qr(text: str, side: float) -> tuple[bytes, ...]:
    """Rows of modules, 1 for dark, without quiet zone, for a square of `side` millimetres with its quiet zone.

    Level Q, because paper is scratched and stained; M where Q would make a module smaller than half a millimetre.
    Raises FaceRefused when neither fits.
    """
    for level in ("q", "m"):
        rows = _rows(text, level)
        if rows and side / (len(rows) + 2 * BORDER) >= SMALLEST_MODULE:
            return rows
    raise FaceRefused(
        f"{text!r} has {len(text)} characters; a QR of {side:g} mm could not be read, use a shorter address or code."
    )


def _rows(text: str, level: str) -> tuple[bytes, ...]:
    try:
        # No boost: the level stays, so all cards of a sheet have the same number of modules.
        code = segno.make_qr(text, error=level, boost_error=False)
    except segno.DataOverflowError:
        return ()
    return tuple(bytes(row) for row in code.matrix) if int(code.version) <= _LARGEST_VERSION else ()


def dark_runs(rows: tuple[bytes, ...]) -> list[tuple[int, int, int]]:
    """(x, y, length) in modules of every run of dark modules, row by row."""
    runs = []
    for y, row in enumerate(rows):
        x = 0
        for dark, run in groupby(row):
            length = len(list(run))
            if dark:
                runs.append((x, y, length))
            x += length
    return runs
