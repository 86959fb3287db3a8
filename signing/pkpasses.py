"""Several sealed passes in one file, added with one tap. Source: Apple, "Distributing and updating a pass"."""

import io
import zipfile
from collections.abc import Sequence

from signing.pkpass import PassFilesRefused

MOST_PASSES = 10
"""That phones take at once."""
MOST_BYTES = 150 * 1000 * 1000
_FIRST_DAY = (1980, 1, 1, 0, 0, 0)


def bundle_passes(passes: Sequence[bytes]) -> bytes:
    """The .pkpasses (application/vnd.apple.pkpasses) of 1 to 10 .pkpass files, 150 MB at most, the first one first.

    Nothing is sealed anew: each pass proves itself. Raises PassFilesRefused for none, or for more than Wallet takes.
    """
    size = sum(map(len, passes))
    if not 1 <= len(passes) <= MOST_PASSES or size > MOST_BYTES:
        raise PassFilesRefused(
            f"A bundle holds 1 to {MOST_PASSES} passes of {MOST_BYTES // 1_000_000} MB together, not {len(passes)} of"
            f" {size} bytes; offer the others one by one."
        )
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED, allowZip64=False) as archive:
        for number, data in enumerate(passes, 1):
            archive.writestr(zipfile.ZipInfo(f"pass-{number}.pkpass", _FIRST_DAY), data)
    return out.getvalue()
