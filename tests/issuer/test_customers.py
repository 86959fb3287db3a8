"""What customers tell is theirs: typed freely, stored for a purpose, changed and taken back."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime
from uuid import UUID

import pytest
from sqlalchemy import func, select

from issuer import customers
from issuer.customers import NOTHING, PURPOSES, Profile, ProfileRefused, Told, mail_digest, read_profile
from issuer.keys import Keys
from issuer.language import translator
from issuer.schema import Card, Consent, PersonalData
from tests.issuer.counting import Till

TODAY = date(2026, 11, 22)
HERE = Told("card", "de")
ERIKA = Profile("Erika", "erika@example.org", date(1964, 8, 12))


def _read(**typed: str) -> Profile:
    return read_profile(typed, TODAY, "en")


def _owner(till: Till, card_id: UUID) -> UUID:
    with till.work() as session:
        return session.get_one(Card, card_id).customer_id


def _known(till: Till, owner: UUID) -> customers.Known:
    with till.work() as session:
        known = customers.known(session, till.keys, owner)
        session.expunge_all()
    return known


def _decisions(till: Till, owner: UUID) -> list[tuple[str, bool]]:
    return [(one.purpose, one.given) for one in _known(till, owner).decisions]


def _change(till: Till, owner: UUID, profile: Profile) -> None:
    with till.work() as session:
        customers.change(session, till.keys, owner, profile, HERE, till.now)


def test_an_empty_form_tells_nothing() -> None:
    assert _read() == _read(name="", mail="  ", birthday="\t") == NOTHING
    assert NOTHING.empty


@pytest.mark.parametrize("typed", [
    "1990-02-28", "28.2.1990", "28.02.1990", "28/02/1990", "28-2-1990", "28 2 1990", "28. 2. 1990", "28021990",
])  # fmt: skip
def test_a_birthday_is_read_as_people_write_it(typed: str) -> None:
    assert _read(birthday=typed).birthday == date(1990, 2, 28)


@pytest.mark.parametrize("typed", [
    "31.2.1990", "0.1.1990", "1.13.1990", "28.2.90", "28. Februar 1990", "yesterday", "1990", "1.1.0000", "٢٨.٢.١٩٩٠",
    "28.2.19900", "9" * 300, "<b>",
])  # fmt: skip
def test_a_day_that_no_calendar_has_is_refused_by_its_name(typed: str) -> None:
    with pytest.raises(ProfileRefused) as refused:
        _read(birthday=typed)
    assert f"“{typed[:60]}" in refused.value.sentences["birthday"]
    assert "24.12.1990" in refused.value.sentences["birthday"]


def test_nobody_was_born_tomorrow_or_in_another_age() -> None:
    assert _read(birthday="22.11.2026").birthday == TODAY
    for typed, sentence in (("23.11.2026", "is still to come"), ("31.12.1899", "is too long ago")):
        with pytest.raises(ProfileRefused, match=sentence):
            _read(birthday=typed)


@pytest.mark.parametrize(
    "typed", ["a@b.de", " Erika.M+cafe@sub.example.org ", "münz@bäckerei.de", "o'neill@example.ie"]
)
def test_an_address_is_kept_as_it_was_typed(typed: str) -> None:
    assert _read(mail=typed).mail == typed.strip()


@pytest.mark.parametrize("typed", [
    "erika", "erika@", "@example.org", "erika@example", "erika@.org", "erika@example.", "a b@example.org", "a@b@c.de",
    "erika@example..org", "a" * 250 + "@b.de",
])  # fmt: skip
def test_what_is_no_address_is_refused_by_its_name(typed: str) -> None:
    with pytest.raises(ProfileRefused) as refused:
        _read(mail=typed)
    assert f"“{typed[:60]}" in refused.value.sentences["mail"]
    assert "name@example.com" in refused.value.sentences["mail"]


@pytest.mark.parametrize("name", ["M" * 40, "عبد الرحمن", "👩\u200d🍳", "Zoë O’Neill-Großmann", "<b>Erika</b>"])
def test_a_name_of_any_writing_is_kept(name: str) -> None:
    assert _read(name=name).name == name


def test_a_name_of_too_many_letters_is_refused_with_both_numbers() -> None:
    assert _read(name="M" * 80).name == "M" * 80
    with pytest.raises(ProfileRefused, match=r"81 letters.* 80"):
        _read(name="M" * 81)


@pytest.mark.parametrize("name", ["\u202eakirE", "E\x00rika", "Erika\r\n\tM", "\u2066Erika\u2069"])
def test_a_name_cannot_break_lines_or_turn_the_page_around(name: str) -> None:
    kept = _read(name=name).name or ""
    assert kept.isprintable()
    assert kept.replace(" M", "") in ("akirE", "Erika")


def test_everything_wrong_is_said_at_once_and_in_the_customers_language() -> None:
    with pytest.raises(ProfileRefused) as refused:
        read_profile({"name": "M" * 81, "mail": "x", "birthday": "y"}, TODAY, "de")
    assert list(refused.value.sentences) == list(PURPOSES)
    assert "Schreib sie wie" in refused.value.sentences["mail"]


def test_the_digest_of_an_address_needs_the_key(keys: Keys) -> None:
    other = Keys(codes=keys.codes, encryption=keys.encryption, mail=b"another key of 32 bytes or more..")
    assert mail_digest(keys, "a@b.de") == mail_digest(keys, " A@B.DE ") != mail_digest(other, "a@b.de")
    assert mail_digest(keys, "a@b") is None


def test_the_sentence_that_was_read_is_kept_with_the_consent(till: Till) -> None:
    owner = _owner(till, till.join())
    _change(till, owner, ERIKA)
    for one in _known(till, owner).decisions:
        assert (one.given, one.source, one.at) == (True, "card", till.now)
        assert one.wording == translator("de").gettext(PURPOSES[one.purpose])


def test_what_is_known_already_is_not_agreed_to_twice(till: Till) -> None:
    owner = _owner(till, till.join(ERIKA))
    _change(till, owner, ERIKA)
    assert sorted(_decisions(till, owner)) == [("birthday", True), ("mail", True), ("name", True)]


def test_a_changed_address_is_found_and_the_old_one_is_not(till: Till) -> None:
    owner = _owner(till, till.join(ERIKA))
    _change(till.later(1), owner, Profile(ERIKA.name, "new@example.org", ERIKA.birthday))
    assert _known(till, owner).profile.mail == "new@example.org"
    with till.work() as session:
        digests = session.scalars(select(PersonalData.mail_digest)).all()
    assert digests == [mail_digest(till.keys, "new@example.org")]
    assert _decisions(till, owner)[0] == ("mail", True)


def test_a_deleted_datum_is_gone_and_its_consent_withdrawn(till: Till) -> None:
    owner = _owner(till, till.join(ERIKA))
    with till.later(1).work() as session:
        assert customers.forget(session, owner, "mail", HERE, till.later(1).now)
    known = _known(till, owner)
    assert known.profile == Profile(ERIKA.name, None, ERIKA.birthday)
    assert (known.decisions[0].purpose, known.decisions[0].given, known.decisions[0].wording) == ("mail", False, None)
    assert (known.told_at("mail"), known.told_at("name")) == (None, till.now)
    with till.work() as session:
        assert session.scalars(select(PersonalData.mail_digest)).all() == [None]


@pytest.mark.parametrize("what", PURPOSES)
def test_what_was_never_told_cannot_be_withdrawn(till: Till, what: str) -> None:
    owner = _owner(till, till.join())
    with till.work() as session:
        assert not customers.forget(session, owner, what, HERE, till.now)
    assert _decisions(till, owner) == []


def test_with_the_last_datum_the_persons_key_is_destroyed(till: Till) -> None:
    owner = _owner(till, till.join(ERIKA))
    _change(till.later(1), owner, NOTHING)
    assert _known(till, owner).profile == NOTHING
    with till.work() as session:
        assert session.get(PersonalData, owner) is None
        assert session.scalar(select(func.count()).where(Consent.given.is_(False))) == 3


def test_whoever_told_nothing_left_can_tell_again(till: Till) -> None:
    owner = _owner(till, till.join(ERIKA))
    for later, profile in ((1, NOTHING), (2, ERIKA)):
        _change(till.later(later), owner, profile)
    assert _known(till, owner).profile == ERIKA


def test_two_forms_sent_at_once_leave_one_row(till: Till) -> None:
    owner = _owner(till, till.join())
    names = ["Anna", "Berta", "Clara", "Dora"]
    with ThreadPoolExecutor(len(names)) as forms:
        list(forms.map(lambda name: _change(till, owner, Profile(name)), names))
    with till.work() as session:
        (row,) = session.scalars(select(PersonalData)).all()
    assert row.name in names


def test_another_merchants_customer_is_not_known(till: Till, other_till: Till) -> None:
    owner = _owner(till, till.join(ERIKA))
    assert _known(other_till, owner) == customers.Known(NOTHING, [])


def test_a_card_that_learns_another_language_is_published_once(till: Till) -> None:
    card_id = till.join()
    for spoke in (True, False):
        with till.work() as session:
            assert customers.speak(session, card_id, "en", till.now) is spoke
    assert till.view(card_id).language == "en"
    row = till.publication(card_id)
    assert (row.wanted_version, row.reason) == (2, "language")
    assert row.due_at is not None


def test_a_card_that_is_not_there_learns_nothing(till: Till, other_till: Till) -> None:
    card_id = till.join()
    with other_till.work() as session:
        assert not customers.speak(session, card_id, "en", datetime.now(UTC))
