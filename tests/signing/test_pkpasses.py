"""Several passes in one file, within what Wallet takes."""

import io
import zipfile

import pytest

from signing.pkpass import PassFilesRefused
from signing.pkpasses import MOST_BYTES, bundle_passes


class Large(bytes):
    """As long as it says, without being so."""

    def __len__(self) -> int:
        return MOST_BYTES


def test_the_passes_lie_in_it_as_they_were_and_in_their_order() -> None:
    with zipfile.ZipFile(io.BytesIO(bundle_passes([b"card", b"voucher"]))) as archive:
        assert [(name, archive.read(name)) for name in archive.namelist()] == [
            ("pass-1.pkpass", b"card"),
            ("pass-2.pkpass", b"voucher"),
        ]
        assert {one.compress_type for one in archive.infolist()} == {zipfile.ZIP_STORED}


def test_the_same_passes_give_the_same_bytes() -> None:
    assert bundle_passes([b"card"]) == bundle_passes([b"card"])


def test_ten_passes_are_taken() -> None:
    with zipfile.ZipFile(io.BytesIO(bundle_passes([b"card"] * 10))) as archive:
        assert len(archive.namelist()) == 10


@pytest.mark.parametrize("passes", [[], [b"card"] * 11, [Large(), b"x"]], ids=["none", "eleven", "too large"])
def test_more_than_wallet_takes_is_refused(passes: list[bytes]) -> None:
    with pytest.raises(PassFilesRefused, match=r"1 to 10 passes of 150 MB together, not \d+ of \d+ bytes; .*\.$"):
        bundle_passes(passes)
