"""What archive, manifest and signature of a pass can be guilty of, each in a pass that has exactly that fault."""

import base64
import json
import tracemalloc
import zipfile
from datetime import datetime, timedelta

import pytest
from asn1crypto import cms
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.serialization.pkcs7 import PKCS7Options

from signing.apple_intermediates import apple_intermediates
from signing.certificates import PassCertificate
from signing.cms import Signer
from signing.inspection import APPLE_ROOT, RootUnreadable, bundled, inspect_pass
from signing.inspection_archive import MOST_BYTES
from signing.inspection_chain import root_key
from signing.inspection_rules import ERROR, RULES, WARNING, fault
from signing.pkpass import fixed_files, seal_pass
from tests.signing.inspecting import FILES, USUAL, codes, inspected, manifest_of, pack, sealed, signed, with_entry
from tests.signing.throwaway import DAY, NOW, PASS_TYPE, TEAM_ID, Authority, certify, ec_key, rsa_key, subject


def test_nothing_is_said_of_a_pass_that_is_sealed_rightly(authority: Authority) -> None:
    for method in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        found = inspected(pack(sealed(authority), method=method), authority)
        assert found.faults == ()
        assert found.files is not None
        assert found.files["pass.json"] == b"{}"
        assert (found.pass_type, found.team_id, found.for_nfc) == (PASS_TYPE, TEAM_ID, False)


def test_nothing_is_said_of_a_pass_that_we_seal(certificate: PassCertificate, authority: Authority) -> None:
    content = {"passTypeIdentifier": PASS_TYPE, "teamIdentifier": TEAM_ID}
    fixed = fixed_files({name: data for name, data in FILES.items() if name != "pass.json"})
    assert codes(b"".join(seal_pass(content, fixed, Signer(certificate), NOW)), authority) == []


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b"", "empty"),
        (b'{"error": "gone"}', "JSON"),
        (b"\xef\xbb\xbf  <!doctype html>", "web page"),
        (b"\x89PNG\r\n", "picture"),
        (b"\x1f\x8b\x08", "gzip"),
        (b"-----BEGIN PKCS7-----", "PEM"),
        (b"hello", "no ZIP"),
    ],
)
def test_what_is_no_archive_is_told_for_what_it_is(authority: Authority, data: bytes, what: str) -> None:
    found = inspected(data, authority)
    assert found.files is None
    assert [one.code for one in found.faults] == ["not-a-zip"]
    assert what in found.faults[0].what


def test_a_damaged_archive_is_none(authority: Authority) -> None:
    whole = pack(sealed(authority))
    broken = whole.replace(FILES["de.lproj/pass.strings"], b"#" * 10)
    for data in (b"PK", b"PK\3\4" + b"\0" * 40, whole[: len(whole) // 2], whole[:-30], broken):
        found = inspected(data, authority)
        assert ([one.code for one in found.faults], found.files) == (["zip-damaged"], None)


def test_a_locked_archive_is_none(authority: Authority) -> None:
    data = bytearray(pack({"pass.json": b"{}"}))
    for head in (b"PK\3\4", b"PK\1\2"):
        data[data.index(head) + (6 if head == b"PK\3\4" else 8)] |= 1
    assert codes(bytes(data), authority) == ["zip-damaged"]


def test_a_bomb_is_not_unfolded(authority: Authority) -> None:
    bomb = pack({"pass.json": bytes(10 * MOST_BYTES)}, method=zipfile.ZIP_DEFLATED)
    tracemalloc.start()
    assert codes(bomb, authority) == ["zip-too-big"]
    assert tracemalloc.get_traced_memory()[1] < 3 * MOST_BYTES
    tracemalloc.stop()


def test_what_the_archive_claims_of_its_sizes_is_not_believed(authority: Authority) -> None:
    bomb = bytearray(pack({"pass.json": bytes(2 * MOST_BYTES)}, method=zipfile.ZIP_DEFLATED))
    at = bomb.rindex(b"PK\1\2") + 24
    bomb[at : at + 4] = (20).to_bytes(4, "little")
    assert codes(bytes(bomb), authority)[0] in ("zip-too-big", "zip-damaged")


def test_bytes_that_several_files_share_are_not_unpacked_again_for_each(authority: Authority) -> None:
    """Parts of no length are read for long and unfold to nothing (RFC 1951, 3.2.4)."""
    parts = b"\0\0\0\xff\xff" * (MOST_BYTES // 40) + b"\1\0\0\xff\xff"
    packed = bytearray(pack({"strip.png": parts}))
    for at in (8, packed.index(b"PK\1\2") + 10):
        packed[at : at + 2] = (zipfile.ZIP_DEFLATED).to_bytes(2, "little")
        packed[at + 6 : at + 10] = packed[at + 14 : at + 18] = bytes(4)
    first, last = packed.index(b"PK\1\2"), packed.index(b"PK\5\6")
    assert "zip-too-big" not in codes(bytes(packed), authority)
    count, size = (9).to_bytes(2, "little"), (9 * (last - first)).to_bytes(4, "little")
    many = packed[:last] + packed[first:last] * 8 + packed[last : last + 8] + count + count + size + packed[-6:]
    assert codes(bytes(many), authority) == ["zip-too-big"]


@pytest.mark.parametrize(("at", "what"), [(46, b"\0"), (42, b"\xff" * 4)])
def test_a_file_without_a_name_or_beyond_the_end_leaves_no_trace(authority: Authority, at: int, what: bytes) -> None:
    """Its name begins 46 bytes into its entry, its place stands at 42 (APPNOTE.TXT, 4.3.12), here in Zip64 (4.5.3)."""
    packed = pack({"pass.json": b"{}"})
    first, last = packed.index(b"PK\1\2"), packed.index(b"PK\5\6")
    entry = packed[first:last]
    entry = entry[:30] + b"\x0c\0" + entry[32:] + b"\1\0\x08\0" + b"\xff" * 8
    entry = entry[:at] + what + entry[at + len(what) :]
    size = (last - first).to_bytes(4, "little"), len(entry).to_bytes(4, "little")
    assert codes(packed[:first] + entry + packed[last:].replace(*size), authority)[0] in ("zip-damaged", "zip-path")


def test_more_files_than_any_pass_has_are_not_looked_at(authority: Authority) -> None:
    assert codes(pack({f"{number}.png": b"" for number in range(1001)}), authority) == ["zip-too-big"]
    assert codes(b"PK\3\4" + b"PK\1\2" * 1_000_000, authority) == ["zip-too-big"]


def test_methods_that_phones_do_not_know_are_told(authority: Authority) -> None:
    for method in (zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA):
        assert "zip-method" in codes(pack(sealed(authority), method=method), authority)


@pytest.mark.parametrize("name", ["../icon.png", "/icon.png", "a\\icon.png", "C:icon.png", "de.lproj/../icon.png"])
def test_a_path_that_leads_outside_is_found(authority: Authority, name: str) -> None:
    assert codes(pack(sealed(authority, {**FILES, name: b"x"})), authority) == ["zip-path"]


def test_a_link_is_found(authority: Authority) -> None:
    assert codes(pack(sealed(authority), link="icon.png"), authority) == ["zip-link"]


def test_a_file_that_is_there_twice_is_found(authority: Authority) -> None:
    data = with_entry(pack(sealed(authority)), "icon.png", FILES["icon.png"])
    assert codes(data, authority) == ["zip-double"]


def test_a_folder_that_was_packed_instead_of_its_files_is_found(authority: Authority) -> None:
    data = pack({f"Morgenrot.pass/{name}": held for name, held in sealed(authority).items()})
    assert codes(data, authority) == ["zip-folder"]


def test_a_folder_of_a_language_is_no_fault(authority: Authority) -> None:
    assert codes(with_entry(pack(sealed(authority)), "de.lproj/", b""), authority) == []


def _with_manifest(authority: Authority, manifest: bytes) -> bytes:
    signature = signed(manifest, authority.issue(), authority.intermediate)
    return pack({**FILES, "manifest.json": manifest, "signature": signature})


@pytest.mark.parametrize(
    "manifest", [b"", b"[]", b"\xff", b'{"pass.json": 1}', b'{"pass.json": "00"}', b"[" * 100_000, b'{"a": 1, "a": 1}']
)  # fmt: skip
def test_a_manifest_that_is_none_is_found(authority: Authority, manifest: bytes) -> None:
    assert codes(_with_manifest(authority, manifest), authority) == ["manifest-unreadable"]


def test_a_manifest_that_speaks_of_other_files_is_found(authority: Authority) -> None:
    hashes = json.loads(manifest_of(FILES))
    icon = hashes["icon.png"]
    for changed, code in (
        ({"icon.png": None}, "manifest-unlisted"),
        ({"logo.png": icon}, "manifest-absent"),
        ({"icon.png": hashes["pass.json"]}, "manifest-hash"),
        ({"icon.png": icon.upper()}, "manifest-capitals"),
    ):
        listed = {name: value for name, value in (hashes | changed).items() if value is not None}
        assert codes(_with_manifest(authority, json.dumps(listed).encode()), authority) == [code]


def test_a_pass_that_was_not_sealed_is_found(authority: Authority) -> None:
    whole = sealed(authority)
    for missing, code in (("manifest.json", "manifest-missing"), ("signature", "signature-missing")):
        assert codes(pack({name: data for name, data in whole.items() if name != missing}), authority) == [code]
    assert codes(pack(FILES), authority) == ["manifest-missing", "signature-missing"]


def _signed(authority: Authority, signature: bytes) -> list[str]:
    return codes(pack({**sealed(authority), "signature": signature}), authority)


MANIFEST = manifest_of(FILES)


@pytest.mark.parametrize("signature", [b"nothing", b"\x30\x03\x02\x01\x01", b"\x30\x80" * 5000, b"\x30" * 300_000])
def test_a_signature_that_is_none_is_found(authority: Authority, signature: bytes) -> None:
    assert _signed(authority, signature) == ["signature-unreadable"]


def test_a_signature_cut_off_anywhere_or_with_any_byte_changed_leaves_no_trace(authority: Authority) -> None:
    whole = sealed(authority)["signature"]
    for end in range(1, len(whole), 97):
        assert _signed(authority, whole[:end]) == ["signature-unreadable"]
    for at in range(0, len(whole), 13):
        changed = bytearray(whole)
        changed[at] ^= 0x15
        assert set(_signed(authority, bytes(changed))) <= set(RULES)


def test_an_empty_signature_and_one_in_pem_are_found(authority: Authority) -> None:
    assert _signed(authority, b"") == ["signature-empty"]
    text = b"-----BEGIN PKCS7-----\n" + base64.encodebytes(sealed(authority)["signature"]) + b"-----END PKCS7-----\n"
    found = inspected(pack({**sealed(authority), "signature": text}), authority).faults
    assert [one.code for one in found] == ["signature-unreadable"]
    assert "PEM" in found[0].what


def test_a_signature_that_was_made_the_wrong_way_is_found(authority: Authority) -> None:
    leaf, above = authority.issue(), authority.intermediate
    no_time = (*USUAL, PKCS7Options.NoAttributes)
    no_certificates = (*USUAL, PKCS7Options.NoCerts)
    for signature, expected in (
        (signed(MANIFEST, leaf, above, options=(PKCS7Options.Binary,)), ["signature-embedded"]),
        (signed(MANIFEST, leaf, above, options=no_time), ["signing-time-missing"]),
        (signed(MANIFEST, leaf, above, options=no_certificates), ["signer-missing"]),
        (signed(MANIFEST + b"\n", leaf, above), ["signature-other"]),
        (signed(MANIFEST, leaf, above, key=authority.intermediate), ["signature-wrong"]),
        (signed(MANIFEST, leaf), ["intermediate-missing"]),
        (signed(MANIFEST, leaf, authority.root), ["intermediate-missing"]),
    ):
        assert _signed(authority, signature) == expected


def test_line_ends_that_the_signer_changed_are_told_from_another_manifest(authority: Authority) -> None:
    manifest = manifest_of(FILES, indent=1)
    signature = signed(manifest, authority.issue(), authority.intermediate, options=(PKCS7Options.DetachedSignature,))
    assert codes(pack({**FILES, "manifest.json": manifest, "signature": signature}), authority) == ["signature-lines"]


def _without(signature: bytes, attribute: str) -> bytes:
    parsed = cms.ContentInfo.load(signature)
    info = parsed["content"]["signer_infos"][0]
    info["signed_attrs"] = [one for one in info["signed_attrs"] if one["type"].native != attribute]
    return bytes(parsed.dump(force=True))


def test_attributes_without_the_signing_time_are_found(authority: Authority) -> None:
    # What was signed had it, so the signature is wrong as well now.
    signature = _without(sealed(authority)["signature"], "signing_time")
    assert _signed(authority, signature) == ["signing-time-missing", "signature-wrong"]


def test_a_key_that_is_not_rsa_is_found(authority: Authority) -> None:
    leaf = authority.issue(key=ec_key("leaf"))
    assert _signed(authority, signed(MANIFEST, leaf, authority.intermediate)) == ["signature-algorithm"]


def test_a_certificate_of_another_kind_is_found(authority: Authority) -> None:
    leaf = authority.issue(uid="com.example.app")
    assert _signed(authority, signed(MANIFEST, leaf, authority.intermediate)) == ["certificate-kind"]


def test_a_forged_intermediate_is_found_by_its_signature_and_by_its_root(authority: Authority) -> None:
    leaf, mine = authority.issue(), rsa_key("forger")
    name, own_root = authority.intermediate.certificate.subject, authority.root.certificate.subject
    root = certify(own_root, mine, None, authority=True)
    forged = certify(name, mine, root, authority=True)
    assert _signed(authority, signed(MANIFEST, leaf, forged)) == ["intermediate-wrong"]
    by_forger = certify(subject(), rsa_key("leaf"), forged)
    assert _signed(authority, signed(MANIFEST, by_forger, forged)) == ["authority-unknown"]
    no_authority = certify(name, authority.intermediate.key, authority.root, authority=False)
    assert _signed(authority, signed(MANIFEST, leaf, no_authority)) == ["intermediate-wrong"]


def test_a_pass_of_another_authority_than_apple_is_told(authority: Authority) -> None:
    data = pack(sealed(authority))
    assert [one.code for one in inspect_pass(data, now=NOW).faults] == ["authority-unknown"]


@pytest.mark.parametrize(
    ("since", "until", "now", "code"),
    [
        (NOW - 30 * DAY, NOW - DAY, NOW, "signed-outside"),
        (NOW + DAY, NOW + 30 * DAY, NOW, "signed-outside"),
        (NOW - 30 * DAY, NOW + 44 * DAY, NOW, "certificate-ends"),
        (NOW - 30 * DAY, NOW + 50 * DAY, NOW + 60 * DAY, "certificate-ended"),
    ],
    ids=["signed after the end", "signed before the beginning", "ends soon", "has ended since"],
)
def test_dates_of_the_certificate_are_held_against_the_signing_time_and_today(
    authority: Authority, since: datetime, until: datetime, now: datetime, code: str
) -> None:
    signature = signed(MANIFEST, authority.issue(since=since, until=until), authority.intermediate)
    assert codes(pack({**sealed(authority), "signature": signature}), authority, now) == [code]


def test_dates_of_the_intermediate_are_held_against_the_same(authority: Authority) -> None:
    past = authority.intermediate_again(until=NOW - DAY)
    assert _signed(authority, signed(MANIFEST, authority.issue(), past)) == ["intermediate-ended"]
    data = pack({**sealed(authority), "signature": signed(MANIFEST, authority.issue(), authority.intermediate)})
    assert codes(data, authority, NOW + timedelta(days=1600)) == ["certificate-ended", "intermediate-past"]


def test_of_two_generations_the_one_that_issued_counts(authority: Authority) -> None:
    other = authority.intermediate_again(generation="G3", key=rsa_key("G3"))
    assert _signed(authority, signed(MANIFEST, authority.issue(), authority.intermediate, other)) == []
    assert _signed(authority, signed(MANIFEST, authority.issue(), other)) == ["intermediate-missing"]


def test_a_bundle_is_known_by_what_is_in_it(authority: Authority) -> None:
    one = pack(sealed(authority))
    assert bundled(pack({"card.pkpass": one, "welcome.pkpass": one})) == {"card.pkpass": one, "welcome.pkpass": one}
    for data in (one, b"", pack({}), pack({"card.pkpass": one, "notes.txt": b""})):
        assert bundled(data) == {}


def test_the_root_is_the_one_that_signed_apples_intermediates() -> None:
    key = root_key(APPLE_ROOT)
    for one in apple_intermediates():
        assert one.signature_hash_algorithm is not None
        key.verify(one.signature, one.tbs_certificate_bytes, PKCS1v15(), one.signature_hash_algorithm)


def test_a_root_that_is_none_is_refused(authority: Authority) -> None:
    for pem in (b"", b"-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----", authority.root.key_file()):
        with pytest.raises(RootUnreadable):
            inspect_pass(b"", now=NOW, root_pem=pem)
    assert [one.code for one in inspect_pass(b"", now=NOW, root_pem=APPLE_ROOT).faults] == ["not-a-zip"]


def test_what_a_file_says_cannot_steer_a_terminal_or_flood_it() -> None:
    for name in ("\x1b[2J", "\u202e", "x" * 100_000):
        assert fault("zip-path", name=name).what.isprintable()
        assert len(fault("zip-path", name=name).what) < 300


def test_every_rule_says_what_is_wrong_and_what_to_do() -> None:
    for rule in RULES.values():
        assert rule.severity in (ERROR, WARNING)
        assert rule.what.endswith(".")
