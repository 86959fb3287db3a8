"""What pictures and folders of languages can be guilty of."""

import struct
import zlib

import pytest

from passes.lint.languages import StringsUnreadable, read_strings
from passes.lint.whole import check_files
from tests.passes.linting import NOW, card, codes, files, png


def _claiming(width: int, height: int) -> bytes:
    """A small PNG whose header says that it unfolds to much more."""
    header = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0)
    whole = png()
    return whole[:8] + struct.pack(">I", 13) + header + struct.pack(">I", zlib.crc32(header)) + whole[33:]


def _strings(**texts: str) -> bytes:
    return "\n".join(f'"{key}" = "{text}";' for key, text in texts.items()).encode("utf-16")


PIC = png(9, 9)
GERMAN, ENGLISH = _strings(Stamps="Stempel", Coffee="Kaffee"), _strings(Stamps="Stamps", Coffee="Coffee")


@pytest.mark.parametrize(
    ("others", "code"),
    [
        ({"icon.png": None, "icon@2x.png": None, "icon@3x.png": None}, "icon-missing"),
        ({"icon.png": b""}, "icon-unreadable"),
        ({"icon@2x.png": b"\xff\xd8\xff\xe0 JFIF"}, "icon-unreadable"),
        ({"icon@3x.png": png(114, 114)[:-20]}, "icon-unreadable"),
        ({"icon@3x.png": None}, "icon-scale"),
        ({"icon@2x.png": None}, "icon-scale"),
        ({"strip.png": b"GIF89a"}, "image-unreadable"),
        ({"logo.png": png(100, 50).replace(b"IDAT", b"IDAX")}, "image-unreadable"),
        ({"logo.png": png(100, 50)[:60]}, "image-unreadable"),
        ({"icon.png": png(39, 38)}, "image-size"),
        ({"strip@2x.png": png(750, 289)}, "image-size"),
        ({".DS_Store": b"x"}, "file-stray"),
        ({"__MACOSX/._icon.png": b"x"}, "file-stray"),
        ({"icon@4x.png": png()}, "file-unknown"),
        ({"notes.txt": b"x"}, "file-unknown"),
        ({"pass.json": None}, "pass-json-missing"),
        ({"de.lproj/pass.strings": b"Stamps"}, "strings-unreadable"),
        ({"de.lproj/pass.strings": b"\xff\xfe\x00"}, "strings-unreadable"),
        ({"de.lproj/pass.strings": GERMAN, "en.lproj/pass.strings": _strings(Stamps="Stamps")}, "strings-differ"),
        ({"de.lproj/pass.strings": GERMAN, "en.lproj/footer.png": PIC, "de.lproj/footer.png": PIC}, "strings-differ"),
        ({"de.lproj/thumbnail.png": PIC, "en.lproj/footer.png": PIC, "en.lproj/thumbnail.png": PIC}, "images-differ"),
        ({"de.lproj/strip.png": png()}, "image-shadowed"),
        ({"de.lproj/strip@2x.png": png()}, "image-shadowed"),
        ({"German.lproj/pass.strings": GERMAN}, "folder-name"),
    ],
)  # fmt: skip
def test_one_change_in_the_files_is_found_as_just_that(others: dict[str, bytes | None], code: str) -> None:
    assert set(codes(None, **others)) == {code}


def test_a_pass_in_two_languages_is_right() -> None:
    both = {"de.lproj/pass.strings": GERMAN, "en.lproj/pass.strings": ENGLISH}
    assert codes(None, **both, **{"de.lproj/footer.png": png(9, 9), "en.lproj/footer.png": png(9, 9)}) == []


def test_a_picture_that_unfolds_to_gigabytes_is_not_unfolded() -> None:
    assert "image-too-large" in codes(None, **{"strip.png": _claiming(60_000, 60_000)})


def test_many_pictures_are_counted_together() -> None:
    many = {f"{language}.lproj/thumbnail.png": _claiming(2900, 2900) for language in ("de", "en", "fr")}
    found = check_files(files(None, **many), now=NOW)
    assert [one.code for one in found if one.severity == "error"] == ["image-unreadable"] * 2 + ["image-too-large"]


def test_a_second_header_does_not_let_a_large_picture_in() -> None:
    assert codes(None, **{"strip.png": _claiming(2, 2)[:33] + png()[8:]}) == ["image-unreadable"]


def test_the_texts_of_a_language_are_what_has_to_fit() -> None:
    content = card({"logoText": "name"})
    long = _strings(name="Café und Backstube Morgenrot am Markt")
    assert codes(content, **{"de.lproj/pass.strings": long}) == ["front-too-long"]
    assert codes(content, **{"de.lproj/pass.strings": _strings(name="Morgenrot")}) == []


def test_strings_are_read_with_comments_escapes_and_either_encoding() -> None:
    text = '/* a "note" */\n// another\n"a" = "say \\"hi\\"\\n";  plain = "\\U00e9";\n'
    assert read_strings(text.encode()) == read_strings(text.encode("utf-16")) == {"a": 'say "hi"\n', "plain": "é"}


@pytest.mark.parametrize("text", ['"a" = "b"', '"a" "b";', '"a" = "b";\n/* open', '"a = "b";'])
def test_strings_that_are_none_are_refused(text: str) -> None:
    with pytest.raises(StringsUnreadable):
        read_strings(text.encode())


def test_strings_as_long_as_a_book_are_not_read() -> None:
    with pytest.raises(StringsUnreadable, match="too much"):
        read_strings(b" " * 200_001)
