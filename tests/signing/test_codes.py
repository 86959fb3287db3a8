import contextlib
import itertools
import string

import pytest
import segno
from hypothesis import given
from hypothesis import strategies as st

from signing.codes import (
    SYMBOLS,
    MistypedCode,
    NotOurCode,
    looks_short,
    new_code,
    new_short_code,
    read_code,
    read_short_code,
)

KEY = b"a key for the tests of codes"
IDENT = bytes(range(16))
CODE = new_code(KEY, IDENT)
QR_ALPHANUMERIC = string.digits + string.ascii_uppercase + " $%*+-./:"


@given(st.binary(min_size=16, max_size=16))
def test_a_code_is_read_back_as_it_was_made(ident: bytes) -> None:
    code = new_code(KEY, ident)
    assert read_code(KEY, code) == code


def test_a_code_is_made_as_written_down_so_that_printed_cards_stay_good() -> None:
    # Worked out by `openssl dgst -sha256 -hmac` and coreutils' base32.
    assert CODE == "T1" + "AAAQEAYEAUDAOCAJBIFQYDIOB4" + "ZHYEIRBL"


@given(st.binary(min_size=16, max_size=16))
def test_a_code_fits_version_2_of_a_qr_code_at_level_m(ident: bytes) -> None:
    symbol = segno.make(new_code(KEY, ident), error="m", boost_error=False, micro=False)
    assert (symbol.version, symbol.mode) == (2, "alphanumeric")


def test_blanks_line_ends_and_lower_case_are_forgiven() -> None:
    assert read_code(KEY, f"  {CODE[:9].lower()} {CODE[9:]}\r\n") == CODE


def test_every_code_with_one_wrong_letter_is_refused() -> None:
    for place, letter in itertools.product(range(len(CODE)), QR_ALPHANUMERIC.replace(" ", "")):
        if letter != CODE[place]:
            with pytest.raises(NotOurCode):
                read_code(KEY, CODE[:place] + letter + CODE[place + 1 :])


def test_a_second_spelling_of_the_same_ident_is_refused() -> None:
    # 26 characters carry 130 bits for 128: "4" and its neighbours decode to the same bytes.
    assert CODE[27] == "4"
    for other in "567":
        with pytest.raises(NotOurCode):
            read_code(KEY, CODE[:27] + other + CODE[28:])


@pytest.mark.parametrize("length", [0, 1, 2, 27, 28, 35])
def test_a_code_cut_off_is_refused(length: int) -> None:
    with pytest.raises(NotOurCode):
        read_code(KEY, CODE[:length])


def test_a_code_with_something_behind_it_is_refused() -> None:
    with pytest.raises(NotOurCode, match="37 characters instead of 36"):
        read_code(KEY, CODE + "A")


def test_a_code_made_with_another_key_is_refused() -> None:
    with pytest.raises(NotOurCode, match="not issued here"):
        read_code(b"another key", CODE)


def test_a_code_of_a_later_mark_is_refused() -> None:
    with pytest.raises(NotOurCode):
        read_code(KEY, "T2" + CODE[2:])


@pytest.mark.parametrize("text", ["", "4006381333931", "https://example.org/", "T1" + "ß" * 34, "T1" + "ſ" * 34])
def test_what_is_on_other_things_is_refused(text: str) -> None:
    with pytest.raises(NotOurCode):
        read_code(KEY, text)


@given(st.text(max_size=60))
def test_no_text_at_all_breaks_the_reader(text: str) -> None:
    with pytest.raises(NotOurCode):
        read_code(KEY, text)


@given(st.text(st.characters(), min_size=34, max_size=34))
def test_no_text_behind_the_mark_breaks_the_reader(text: str) -> None:
    with pytest.raises(NotOurCode):
        read_code(KEY, "T1" + text)


def test_a_refusal_names_what_was_scanned_and_keeps_it_short() -> None:
    with pytest.raises(NotOurCode) as refusal:
        read_code(KEY, "https://example.org/a/very/long/address\x00\x1b")
    assert "“https://example.org/a/v…”" in str(refusal.value)
    assert str(refusal.value).isprintable()


@pytest.mark.parametrize("length", [0, 15, 17, 32])
def test_a_code_is_made_from_sixteen_bytes_only(length: int) -> None:
    with pytest.raises(ValueError, match=f"not {length}"):
        new_code(KEY, bytes(length))


def test_a_code_is_not_made_with_an_empty_key() -> None:
    with pytest.raises(ValueError, match="empty"):
        new_code(b"", IDENT)


short_codes = st.binary(min_size=4, max_size=4).map(new_short_code)


@given(short_codes)
def test_a_short_code_is_shown_in_four_and_three_and_read_back(code: str) -> None:
    assert len(code) == 8
    assert code[4] == "-"
    assert read_short_code(code) == code


def test_a_short_code_is_made_as_written_down_so_that_printed_cards_stay_good() -> None:
    assert [new_short_code(bytes(4)), new_short_code(bytes([1, 2, 3, 4]))] == ["0000-000", "0410-61Y"]


@given(short_codes)
def test_case_blanks_and_dashes_in_a_short_code_are_forgiven(code: str) -> None:
    typed = code.replace("-", "").lower()
    assert read_short_code(typed) == code
    assert read_short_code(f" {typed[:2]} {typed[2:5]}--{typed[5:]}\n") == code


@given(short_codes)
def test_o_for_nought_and_i_or_l_for_one_are_forgiven(code: str) -> None:
    assert read_short_code(code.replace("0", "o").replace("1", "I")) == code
    assert read_short_code(code.replace("0", "O").replace("1", "l")) == code


@given(short_codes)
def test_every_short_code_with_one_wrong_symbol_is_refused(code: str) -> None:
    typed = code.replace("-", "")
    for place, symbol in itertools.product(range(7), SYMBOLS):
        if symbol != typed[place]:
            with pytest.raises(MistypedCode):
                read_short_code(typed[:place] + symbol + typed[place + 1 :])


@given(short_codes)
def test_every_short_code_with_two_symbols_swapped_is_refused(code: str) -> None:
    typed = list(code.replace("-", ""))
    for one, other in itertools.combinations(range(7), 2):
        swapped = list(typed)
        swapped[one], swapped[other] = typed[other], typed[one]
        if swapped != typed:
            with pytest.raises(MistypedCode, match="slip"):
                read_short_code("".join(swapped))


@given(short_codes)
def test_a_short_code_with_a_symbol_missing_or_doubled_is_refused(code: str) -> None:
    typed = code.replace("-", "")
    for place in range(7):
        for slip in (typed[:place] + typed[place + 1 :], typed[:place] + typed[place] + typed[place:]):
            with pytest.raises(MistypedCode, match=f"has {len(slip)} characters"):
                read_short_code(slip)


@pytest.mark.parametrize("symbol", ["U", "?", "ß", "ſ", "٣", "７", "Ａ"])
def test_a_symbol_outside_the_alphabet_is_named(symbol: str) -> None:
    with pytest.raises(MistypedCode, match="occurs in no short code"):
        read_short_code(f"K7Q{symbol}3FX")


@given(st.text(max_size=12))
def test_no_text_at_all_breaks_the_reader_of_short_codes(text: str) -> None:
    with contextlib.suppress(MistypedCode):
        assert len(read_short_code(text)) == 8


@pytest.mark.parametrize("length", [0, 3, 5, 16])
def test_a_short_code_is_made_from_four_bytes_only(length: int) -> None:
    with pytest.raises(ValueError, match=f"not {length}"):
        new_short_code(bytes(length))


@pytest.mark.parametrize("text", ["K7QM-3FX", "k7qm3fx", " K7QM 3FX", "K7QM-3F", "K7QM-3FXX", "u"])
def test_what_is_about_as_long_as_a_short_code_looks_short(text: str) -> None:
    assert looks_short(text)


@pytest.mark.parametrize("text", ["", " - ", CODE, CODE[:9], "https://", "4006381333931", "ＡＢＣ", "K7QM-3F?"])
def test_what_cannot_be_meant_as_a_short_code_does_not_look_short(text: str) -> None:
    assert not looks_short(text)


@pytest.mark.parametrize("dash", "-\u2010\u2011\u2012\u2013\u2014\u2212")
def test_every_dash_that_a_keyboard_makes_of_a_hyphen_is_read(dash: str) -> None:
    code = new_short_code(b"abcd")
    typed = code.replace("-", dash)
    assert looks_short(typed)
    assert read_short_code(typed) == code
