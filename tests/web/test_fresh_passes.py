"""What a process remembers of passes never shows on one: each fetch says how things are now."""

import io
import zipfile
from datetime import datetime, timedelta

import pytest
from cryptography.hazmat.primitives.serialization.pkcs7 import load_der_pkcs7_certificates
from sqlalchemy import Engine, update

from issuer import certificates
from issuer.database import transaction
from issuer.keys import Keys
from issuer.schema import Merchant
from signing.certificates import read_pass_certificate
from tests.conftest import Cafe
from tests.signing.throwaway import make_authority
from tests.web.asking import Api
from tests.web.phones import Held, held, pass_json


@pytest.fixture
def phone(api: Api, cafe: Cafe) -> Held:
    return held(api, cafe)


def opened(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_each_stamp_is_on_the_next_pass_in_words_and_in_the_picture(phone: Held) -> None:
    shown = [opened(phone.fetch().data)]
    for _ in range(2):
        phone.stamp()
        shown.append(opened(phone.fetch().data))
    assert len({files["strip@2x.png"] for files in shown}) == 3
    assert len({files["pass.json"] for files in shown}) == 3
    assert len({files["logo@2x.png"] for files in shown}) == 1


def test_two_cards_of_one_look_share_pictures_and_nothing_else(api: Api, cafe: Cafe, phone: Held) -> None:
    one, other = (opened(one.fetch().data) for one in (phone, held(api, cafe)))
    pictures = {name for name in one if name.endswith(".png")}
    assert {name for name in one if one[name] == other[name]} == pictures
    assert one.keys() == other.keys()


def test_a_shops_new_name_is_on_the_next_pass(engine: Engine, cafe: Cafe, phone: Held) -> None:
    phone.fetch()
    with transaction(engine, cafe.merchant_id) as session:
        session.execute(update(Merchant).values(name="Café Abendrot"))
    assert pass_json(phone.fetch().data)["organizationName"] == "Café Abendrot"


def test_the_next_pass_is_signed_by_the_certificate_that_came_last(
    engine: Engine, keys: Keys, phone: Held, now: datetime
) -> None:
    content = pass_json(phone.fetch().data)
    authority = make_authority()
    leaf = authority.issue(uid=content["passTypeIdentifier"], team=content["teamIdentifier"])
    files = [leaf.pem, leaf.key_file(), authority.intermediate.pem]
    given = read_pass_certificate(files, password=None, now=now)
    with transaction(engine) as session:
        certificates.store(session, keys, given, now + timedelta(seconds=1))
    inside = load_der_pkcs7_certificates(opened(phone.fetch().data)["signature"])
    assert leaf.certificate in inside
    assert len(inside) == 2
