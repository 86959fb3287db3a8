"""A customer joins: everything is there from the same moment, and personal data in one place only."""

from datetime import date

import psycopg
import pytest
from psycopg.sql import SQL, Identifier
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from issuer.cards import find_key
from issuer.codes import find_code
from issuer.customers import Profile
from issuer.joining import SIGNS, Joining, join, known_source, source_of
from issuer.registrations import pass_token
from issuer.schema import Base, Card, CardCode, CardKey, Consent, Customer, Event, Pass, PersonalData, Program
from signing.codes import MistypedCode, NotOurCode, read_code, read_short_code
from signing.envelope import SealBroken, unseal
from tests.conftest import plain
from tests.issuer.counting import Till

ERIKA = Profile("Erika Mustermann", "erika.mustermann@example.org", date(1964, 8, 12))


def test_card_pass_code_key_and_publication_exist_from_the_same_moment(till: Till) -> None:
    card_id = till.join()
    with till.work() as session:
        made = [session.get_one(Card, card_id).created_at]
        made += [
            session.scalars(select(t.created_at).where(t.card_id == card_id)).one() for t in (Pass, CardCode, CardKey)
        ]
    assert made == [till.now] * 4
    assert till.publication(card_id).wanted_version == 1


def test_a_new_card_is_active_empty_and_at_version_one(till: Till) -> None:
    shown = till.view(till.join())
    assert (shown.state, shown.version, shown.shown, shown.needed, shown.rewards) == ("active", 1, 0, 10, ())


def test_the_code_is_ours_and_finds_the_card(till: Till) -> None:
    card_id = till.join()
    shown = till.view(card_id)
    assert read_code(till.keys.codes, shown.code) == shown.code
    assert read_short_code(shown.short_code) == shown.short_code
    with till.work() as session:
        for text in (shown.code, shown.code.lower(), shown.short_code, shown.short_code.replace("-", " ").lower()):
            assert find_code(session, till.shop.merchant_id, text, till.keys.codes) == card_id


def test_another_merchants_code_finds_nothing(till: Till, other_till: Till) -> None:
    shown = till.view(till.join())
    with other_till.work() as session:
        for text in (shown.code, shown.short_code):
            assert find_code(session, other_till.shop.merchant_id, text, till.keys.codes) is None


def test_a_revoked_code_finds_nothing(till: Till) -> None:
    card_id = till.join()
    code = till.view(card_id).code
    with till.work() as session:
        session.get_one(CardCode, code).revoked_at = till.now
    with till.work() as session:
        assert find_code(session, till.shop.merchant_id, code, till.keys.codes) is None


def test_what_is_no_code_is_refused_before_the_database_is_asked(till: Till) -> None:
    code, short = till.view(till.join()).code, till.view(till.join()).short_code
    wrong = ("A" if short[0] != "A" else "B") + short[1:]
    with till.work() as session:
        with pytest.raises(NotOurCode):
            find_code(session, till.shop.merchant_id, code[:-1] + ("A" if code[-1] != "A" else "B"), till.keys.codes)
        with pytest.raises(NotOurCode):
            find_code(session, till.shop.merchant_id, "https://example.org", till.keys.codes)
        with pytest.raises(MistypedCode):
            find_code(session, till.shop.merchant_id, wrong, till.keys.codes)


def test_the_key_of_the_page_is_found_by_its_hash_and_ends_when_revoked(till: Till) -> None:
    card_id = till.join()
    key = till.view(card_id).web_key
    with till.work() as session:
        row = find_key(session, key)
        assert row is not None
        assert row.card_id == card_id
        row.revoked_at = till.now
    with till.work() as session:
        assert find_key(session, key) is None
        assert find_key(session, key[:-1]) is None


def test_nothing_public_can_be_derived_from_anything_else_public(till: Till) -> None:
    card_id = till.join()
    shown = till.view(card_id)
    with till.work() as session:
        token = pass_token(session.scalars(select(Pass).where(Pass.card_id == card_id)).one(), till.keys)
    public = [shown.serial, shown.code, shown.short_code, shown.web_key, token, str(card_id), card_id.hex]
    assert len({text.lower() for text in public}) == len(public)
    for text in public:
        assert not any(text in other for other in public if other is not text)


def test_no_two_cards_share_anything(till: Till) -> None:
    shown = [till.view(till.join()) for _ in range(5)]
    for name in ("serial", "code", "short_code", "web_key"):
        assert len({getattr(card, name) for card in shown}) == 5


def test_the_token_of_a_pass_opens_with_its_own_name_only(till: Till) -> None:
    first, second = till.join(), till.join()
    with till.work() as session:
        mine, yours = (session.scalars(select(Pass).where(Pass.card_id == c)).one() for c in (first, second))
        session.expunge_all()
    assert len(pass_token(mine, till.keys)) >= 16
    mine.token_sealed = yours.token_sealed
    with pytest.raises(SealBroken):
        pass_token(mine, till.keys)


def test_a_nameless_customer_leaves_no_personal_data(till: Till) -> None:
    till.join()
    with till.work() as session:
        assert session.scalars(select(PersonalData)).all() == []
        assert session.scalars(select(Consent)).all() == []
        assert len(session.scalars(select(Customer)).all()) == 1


def test_personal_data_opens_with_the_persons_own_key(till: Till) -> None:
    till.join(ERIKA)
    with till.work() as session:
        row = session.scalars(select(PersonalData)).one()
    own = unseal(till.keys.encryption, row.key_sealed, purpose=f"personal key {row.customer_id}")
    assert row.name == ERIKA.name
    assert unseal(own, row.mail_sealed, purpose=f"mail {row.customer_id}").decode() == ERIKA.mail
    assert unseal(own, row.birthday_sealed, purpose=f"birthday {row.customer_id}") == b"1964-08-12"
    with pytest.raises(SealBroken):
        unseal(till.keys.encryption, row.mail_sealed, purpose=f"mail {row.customer_id}")


def test_what_was_not_told_is_not_sealed(till: Till) -> None:
    till.join(Profile(name="Erika"))
    with till.work() as session:
        row = session.scalars(select(PersonalData)).one()
    assert (row.mail_sealed, row.phone_sealed, row.birthday_sealed) == (None, None, None)


def test_nothing_about_the_person_stands_in_any_other_table(till: Till, shared_url: str) -> None:
    secret = Profile("Xaverine Quitzow", "xaverine.quitzow@example.org", date(1931, 2, 28))
    till.stamped(till.join(secret), 10)
    found = set()
    with psycopg.connect(plain(shared_url)) as owner:
        for table in Base.metadata.tables:
            for (row,) in owner.execute(SQL("SELECT t::text FROM {} t").format(Identifier(table))):
                telling = [
                    w for w in ("xaverine", "quitzow", "1931-02-28") if w in row.lower() or w.encode().hex() in row
                ]
                found |= {(table, word) for word in telling}
    assert found == {("personal_data", "xaverine"), ("personal_data", "quitzow")}


def test_each_datum_that_is_told_is_written_down_as_a_consent_of_its_own(till: Till) -> None:
    till.join(ERIKA)
    with till.work() as session:
        consents = session.scalars(select(Consent)).all()
    assert {one.purpose for one in consents} == {"name", "mail", "birthday"}
    assert {(one.given, one.source, one.wording, one.at) for one in consents} == {(True, "api", None, till.now)}


def test_what_was_not_told_was_not_agreed_to(till: Till) -> None:
    till.join(Profile(mail="erika@example.org"))
    with till.work() as session:
        assert session.scalars(select(Consent.purpose)).all() == ["mail"]


@pytest.mark.parametrize("source", SIGNS)
def test_a_sign_that_leads_here_is_kept_as_the_source(source: str) -> None:
    assert known_source(source) == source


@pytest.mark.parametrize("source", ["", "api", "import", "Poster", "x" * 500, "\x00", "🎫"])
def test_a_source_that_no_sign_bears_is_a_link(source: str) -> None:
    assert known_source(source) == "link"


def test_the_source_of_a_card_is_found_again(till: Till) -> None:
    card_id = till.join()
    with till.work() as session:
        assert source_of(session, card_id) == "api"
        assert source_of(session, till.shop.program_id) is None


def test_joining_is_an_event_with_its_source_and_without_a_name(till: Till) -> None:
    card_id = till.join(ERIKA)
    with till.work() as session:
        event = session.scalars(select(Event).where(Event.kind == "joined")).one()
    assert (event.card_id, event.data) == (card_id, {"source": "api"})


def test_a_merchants_own_number_names_one_customer(till: Till, other_till: Till) -> None:
    till.join(reference="4711")
    other_till.join(reference="4711")
    with pytest.raises(IntegrityError):
        till.join(reference="4711")


def test_a_card_that_could_not_be_made_leaves_nothing_behind(till: Till) -> None:
    with till.work() as session:
        program = session.get_one(Program, till.shop.program_id)
    with pytest.raises(IntegrityError), till.work() as session:
        join(session, till.keys, program, Joining("fr", "api", ERIKA), till.now)
    with till.work() as session:
        for table in (Customer, PersonalData, Card, Pass, CardCode):
            assert session.scalars(select(table).where(table.merchant_id == till.shop.merchant_id)).all() == []
