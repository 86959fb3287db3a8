"""From a request to a certificate in use: whose it is, what is refused, what becomes of the key."""

from collections.abc import Iterator
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from issuer import certificates
from issuer.certificates import Offer
from issuer.keys import Keys
from issuer.schema import Certificate, CertificateRequest
from signing.certificate_requests import requested_key
from signing.certificates import CertificateRefused, public_key_of
from signing.envelope import SealBroken, seal, unseal
from tests.signing.throwaway import DAY, NOW, PASS_TYPE, TEAM_ID, Authority, make_authority, rsa_key

OWNER = UUID(int=7)
OTHER_TYPE = "pass.org.example.other"


@pytest.fixture(scope="module")
def apple() -> Authority:
    return make_authority()


@pytest.fixture
def session(shared_engine: Engine) -> Iterator[Session]:
    """Nothing of it stays."""
    with Session(shared_engine, expire_on_commit=False) as session:
        session.query(Certificate).delete()
        session.query(CertificateRequest).delete()
        yield session
        session.rollback()


def answered(session: Session, keys: Keys, apple: Authority, row: CertificateRequest, **names: str) -> Certificate:
    files = [apple.answer(row.request_pem, **names), apple.intermediate.pem]  # type: ignore[arg-type]
    return certificates.take(session, keys, Offer(files), NOW)


def refusal(session: Session, keys: Keys, files: list[bytes], merchant_id: UUID | None = None) -> str:
    with pytest.raises(CertificateRefused) as refused:
        certificates.take(session, keys, Offer(files, None, merchant_id), NOW)
    sentence = str(refused.value)
    assert (sentence.endswith("."), "; " in sentence, "\n" in sentence) == (True, True, False)
    return sentence


def test_the_certificate_of_a_request_needs_no_key_file(session: Session, keys: Keys, apple: Authority) -> None:
    row = certificates.request(session, keys, NOW)
    taken = answered(session, keys, apple, row)
    assert (taken.pass_type, taken.team_id, taken.merchant_id) == (PASS_TYPE, TEAM_ID, None)
    assert public_key_of(certificates.opened(taken, keys).key) == requested_key(row.request_pem)


def test_the_key_of_a_request_is_stored_sealed_only(session: Session, keys: Keys) -> None:
    row = certificates.request(session, keys, NOW)
    assert b"PRIVATE" not in row.key_sealed + row.request_pem
    key = load_pem_private_key(unseal(keys.encryption, row.key_sealed, purpose=certificates.request_purpose(row)), None)
    assert public_key_of(key) == requested_key(row.request_pem)


def test_a_request_that_was_answered_is_over_and_others_wait_on(session: Session, keys: Keys, apple: Authority) -> None:
    first, second = (certificates.request(session, keys, NOW + timedelta(hours=hour)) for hour in (0, 1))
    answered(session, keys, apple, first)
    assert [row.id for row in certificates.requests(session)] == [second.id]


def test_whoever_it_was_requested_for_gets_it(session: Session, keys: Keys, apple: Authority) -> None:
    row = certificates.request(session, keys, NOW, OWNER)
    taken = answered(session, keys, apple, row)
    assert taken.merchant_id == OWNER
    assert certificates.pass_type_for(session, OWNER) == PASS_TYPE
    assert certificates.pass_type_for(session, uuid4()) is None


def test_the_key_of_one_merchants_request_does_not_open_as_anothers(session: Session, keys: Keys) -> None:
    mine, theirs = (certificates.request(session, keys, NOW, who) for who in (OWNER, uuid4()))
    session.expunge_all()
    mine.key_sealed, theirs.key_sealed = theirs.key_sealed, mine.key_sealed
    for row in (mine, theirs):
        with pytest.raises(SealBroken, match="was not sealed as"):
            unseal(keys.encryption, row.key_sealed, purpose=certificates.request_purpose(row))


def test_the_key_of_a_request_does_not_open_as_that_of_a_certificate(
    session: Session, keys: Keys, apple: Authority
) -> None:
    asked = certificates.request(session, keys, NOW)
    sealed = asked.key_sealed
    row = answered(session, keys, apple, asked)
    session.expunge(row)
    row.key_sealed = sealed
    with pytest.raises(SealBroken, match="was not sealed as"):
        certificates.opened(row, keys)


def test_a_request_whose_key_was_swapped_takes_no_certificate(session: Session, keys: Keys, apple: Authority) -> None:
    row, other = certificates.request(session, keys, NOW), certificates.request(session, keys, NOW)
    row.key_sealed = other.key_sealed
    with pytest.raises(SealBroken):
        answered(session, keys, apple, row)


def test_a_certificate_of_another_installations_request_is_refused(
    session: Session, keys: Keys, apple: Authority
) -> None:
    certificates.request(session, keys, NOW)
    foreign = apple.issue(key=rsa_key("another")).certificate.public_bytes(Encoding.DER)
    sentence = refusal(session, keys, [foreign, apple.intermediate.pem])
    assert "private key" in sentence
    assert "is missing" in sentence


def test_a_certificate_that_is_imported_for_somebody_else_is_refused(
    session: Session, keys: Keys, apple: Authority
) -> None:
    row, stranger = certificates.request(session, keys, NOW, OWNER), uuid4()
    sentence = refusal(session, keys, [apple.answer(row.request_pem), apple.intermediate.pem], stranger)
    assert f"was requested for merchant {OWNER}, not for merchant {stranger}" in sentence
    assert [one.id for one in certificates.requests(session)] == [row.id]


def test_a_renewal_goes_to_whose_pass_type_it_is(session: Session, keys: Keys, apple: Authority) -> None:
    answered(session, keys, apple, certificates.request(session, keys, NOW, OWNER))
    renewed = answered(session, keys, apple, certificates.request(session, keys, NOW))
    assert renewed.merchant_id == OWNER


def test_a_renewal_under_the_old_key_needs_no_key_file(session: Session, keys: Keys, apple: Authority) -> None:
    row = certificates.request(session, keys, NOW)
    first = answered(session, keys, apple, row)
    again = answered(session, keys, apple, row)
    assert again.id != first.id
    assert certificates.opened(again, keys).key_pem() == certificates.opened(first, keys).key_pem()


def test_a_pass_type_of_the_platform_cannot_become_a_merchants(session: Session, keys: Keys, apple: Authority) -> None:
    answered(session, keys, apple, certificates.request(session, keys, NOW))
    row = certificates.request(session, keys, NOW, OWNER)
    sentence = refusal(session, keys, [apple.answer(row.request_pem), apple.intermediate.pem])
    assert f"{PASS_TYPE} is that of the platform, not of merchant {OWNER}" in sentence


def test_a_pass_type_of_one_merchant_cannot_become_anothers(session: Session, keys: Keys, apple: Authority) -> None:
    answered(session, keys, apple, certificates.request(session, keys, NOW, OWNER))
    leaf, stranger = apple.issue(), uuid4()
    sentence = refusal(session, keys, [leaf.pem, leaf.key_file(), apple.intermediate.pem], stranger)
    assert f"is that of merchant {OWNER}, not of merchant {stranger}" in sentence


def test_a_certificate_of_another_team_is_refused(session: Session, keys: Keys, apple: Authority) -> None:
    answered(session, keys, apple, certificates.request(session, keys, NOW))
    row = certificates.request(session, keys, NOW)
    files = [apple.answer(row.request_pem, team="OTHERTEAM9"), apple.intermediate.pem]
    assert f"is of team {TEAM_ID}, the certificate names team OTHERTEAM9" in refusal(session, keys, files)


def test_the_renewal_of_an_older_pass_type_brings_no_new_cards_back_to_it(
    session: Session, keys: Keys, apple: Authority
) -> None:
    for number, (pass_type, days) in enumerate([(PASS_TYPE, 0), (OTHER_TYPE, 1), (PASS_TYPE, 2)]):
        leaf = apple.issue(uid=pass_type, until=NOW + (300 + number) * DAY)
        files = [leaf.pem, leaf.key_file(), apple.intermediate.pem]
        certificates.take(session, keys, Offer(files, None, OWNER), NOW + days * DAY)
    assert certificates.pass_type_for(session, OWNER) == OTHER_TYPE
    ends = {row.pass_type: row.not_after for row in certificates.in_use(session)}
    assert ends == {OTHER_TYPE: NOW + 301 * DAY, PASS_TYPE: NOW + 302 * DAY}


def test_importing_again_seals_a_key_that_was_lost_anew(session: Session, keys: Keys, apple: Authority) -> None:
    leaf = apple.issue()
    files = [leaf.pem, leaf.key_file(), apple.intermediate.pem]
    row = certificates.take(session, keys, Offer(files), NOW)
    row.key_sealed = seal(b"x" * 32, b"lost", purpose=certificates.key_purpose(row))
    assert certificates.take(session, keys, Offer(files), NOW).id == row.id
    assert certificates.opened(row, keys).pass_type == PASS_TYPE
