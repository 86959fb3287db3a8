"""The QR of a card for screens and paper, made by segno (ISO/IEC 18004)."""

import io

import segno

from passes.face import FaceRefused

BORDER = 4
"""Quiet zone in modules (ISO/IEC 18004, 6.3.8): readers lose the corners without it."""


def qr_svg(text: str) -> str:
    """A stand-alone SVG at error level M, one unit a module, dark on white whatever the page's colours.

    Raises FaceRefused for text that no QR holds.
    """
    matrix = [bytes(row) for row in _qr(text).matrix]
    side = len(matrix) + 2 * BORDER
    path = "".join(_run(x, y, length) for y, row in enumerate(matrix) for x, length in _runs(row))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {side} {side}" shape-rendering="crispEdges">'
        f'<path fill="#fff" d="M0 0h{side}v{side}H0z"/><path fill="#000" d="{path}"/></svg>'
    )


def qr_png(text: str, scale: int = 10) -> bytes:
    """A black and white PNG at error level M, `scale` pixels a module (1 to 100).

    Raises FaceRefused for text that no QR holds, or another scale.
    """
    if not 1 <= scale <= 100:
        raise FaceRefused(f"A QR of {scale} pixels a module cannot be drawn; choose 1 to 100.")
    out = io.BytesIO()
    _qr(text).save(out, kind="png", scale=scale, border=BORDER)
    return out.getvalue()


def _qr(text: str) -> segno.QRCode:
    if not text:
        raise FaceRefused("A QR of nothing cannot be read; give the code of the card.")
    try:
        # No boost: the level stays M, so all cards of a shop have the same number of modules.
        return segno.make_qr(text, error="m", boost_error=False)
    except segno.DataOverflowError as error:
        raise FaceRefused(f"{len(text)} characters do not fit into a QR; shorten them.") from error


def _runs(row: bytes) -> list[tuple[int, int]]:
    """(start, length) of each run of dark modules; one path of runs is a tenth of one square a module."""
    runs: list[tuple[int, int]] = []
    for x, dark in enumerate(row):
        if dark and runs and sum(runs[-1]) == x:
            runs[-1] = (runs[-1][0], runs[-1][1] + 1)
        elif dark:
            runs.append((x, 1))
    return runs


def _run(x: int, y: int, length: int) -> str:
    return f"M{x + BORDER} {y + BORDER}h{length}v1h-{length}z"
