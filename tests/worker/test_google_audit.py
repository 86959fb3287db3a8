"""`treuepass audit` reads objects back from Google: whatever shows something else than the ledger is found."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from click.testing import CliRunner, Result

from cli.main import main
from issuer import brands
from issuer.brands import pictures_of, revision_of
from issuer.design import Design
from issuer.design_publishing import publish_draft
from issuer.rollouts import advance
from issuer.schema import BrandDraft
from sandbox.google_faults import Fault
from tests.worker.google_scene import GoogleScene, GoogleServer
from worker.google_audit import check, difference


def falsify(scene: GoogleScene, card_id: Any, **values: Any) -> None:
    """Google shows something that nobody sent."""
    scene.google.google.store.patch("LoyaltyObject", scene.name(card_id), values)


def test_objects_that_show_what_the_ledger_says_are_read_and_hold(google_scene: GoogleScene) -> None:
    stamped, *others = [google_scene.there() for _ in range(4)]
    google_scene.changed(stamped)
    google_scene.retire(others[0])
    google_scene.push()
    checked = check(google_scene.desk, 20)
    assert (checked.compared, checked.breach, checked.trouble) == (4, None, None)
    assert sum(call.method == "GET" for call in google_scene.google.calls()) == 4


def test_no_more_objects_are_read_than_wanted(google_scene: GoogleScene, google: GoogleServer) -> None:
    for _ in range(3):
        google_scene.there()
    assert check(google_scene.desk, 2).compared == 2
    assert check(google_scene.desk, 0).compared == 0
    assert sum(call.method == "GET" for call in google.calls()) == 2


def test_an_object_that_stayed_behind_is_told_with_both_balances(google_scene: GoogleScene) -> None:
    card_id = google_scene.asked(stamps=2)
    google_scene.push()
    google_scene.there()
    falsify(google_scene, card_id, loyaltyPoints={"balance": {"string": "1/10"}}, state="EXPIRED")
    said = f"Card {card_id}'s Google object shows 'EXPIRED' instead of 'ACTIVE' (state)."
    assert check(google_scene.desk, 20).breach == said
    falsify(google_scene, card_id, state="ACTIVE")
    said = f"Card {card_id}'s Google object shows '1/10' instead of '2/10' (loyaltyPoints.balance.string)."
    assert check(google_scene.desk, 20).breach == said


def test_an_object_that_google_lost_is_told(google_scene: GoogleScene, google: GoogleServer) -> None:
    card_id = google_scene.there()
    del google.google.store._kept["LoyaltyObject", google_scene.name(card_id)]
    said = f"Card {card_id}'s Google object shows nothing instead of '0/10' (404 resourceNotFound)."
    assert check(google_scene.desk, 20).breach == said


def test_of_a_pass_that_was_revoked_nothing_must_be_left(google_scene: GoogleScene, google: GoogleServer) -> None:
    card_id = google_scene.there()
    google_scene.retire(card_id)
    google_scene.push()
    falsify(google_scene, card_id, loyaltyPoints={"balance": {"string": "0/10"}})
    assert "instead of nothing (loyaltyPoints)" in str(check(google_scene.desk, 20).breach)
    del google.google.store._kept["LoyaltyObject", google_scene.name(card_id)]
    assert check(google_scene.desk, 20).breach is None


@pytest.mark.parametrize(
    ("values", "path"),
    [
        ({"barcode": {"value": "SECRET"}}, "barcode.value"),
        ({"textModulesData": [{"id": "SECRET", "header": "SECRET", "body": "SECRET"}]}, "textModulesData[0].id"),
        (
            {"linksModuleData": {"uris": [{"id": "web", "uri": "https://SECRET.example"}]}},
            "linksModuleData.uris[0].uri",
        ),
        ({"accountName": "SECRET"}, "accountName"),
    ],
    ids=["code", "texts", "links", "name"],
)
def test_what_may_be_a_secret_or_a_name_is_not_quoted(
    google_scene: GoogleScene, values: dict[str, Any], path: str
) -> None:
    card_id = google_scene.there()
    falsify(google_scene, card_id, **values)
    said = f"Card {card_id}'s Google object shows something else instead of what the ledger says ({path})."
    assert check(google_scene.desk, 20).breach == said


def test_a_picture_of_another_count_is_told(google_scene: GoogleScene) -> None:
    card_id = google_scene.there()
    falsify(google_scene, card_id, heroImage={"sourceUri": {"uri": "https://karten.example/old.png"}})
    assert "'https://karten.example/old.png' instead of" in str(check(google_scene.desk, 20).breach)


def test_a_card_whose_change_is_on_its_way_is_not_compared(google_scene: GoogleScene, google: GoogleServer) -> None:
    waiting, numbered, failed, resting = (google_scene.there() for _ in range(4))
    google_scene.changed(failed)
    google.script(google_scene.name(failed), Fault(503))
    google_scene.push()
    google_scene.stamp(waiting)
    google_scene.number()
    google_scene.stamp(waiting)
    google_scene.changed(numbered)
    google.google.calls.forget()
    assert check(google_scene.desk, 20).compared == 1
    assert [call.id for call in google.calls()] == [google_scene.name(resting)]


def test_a_card_that_changes_while_google_is_asked_is_not_compared(google_scene: GoogleScene) -> None:
    card_id = google_scene.there()
    run = google_scene.desk.rate._run

    def stamped_meanwhile(**arguments: Any) -> Any:
        google_scene.stamp(card_id)
        return run(**arguments)

    google_scene.desk.rate._run = stamped_meanwhile
    checked = check(google_scene.desk, 20)
    assert (checked.compared, checked.breach) == (0, None)


def test_while_a_design_goes_round_the_cards_that_it_has_not_come_to_are_not_compared(
    google_scene: GoogleScene,
) -> None:
    google_scene.there()
    publish_other_colours(google_scene)
    assert check(google_scene.desk, 20).compared == 0
    with google_scene.transaction() as session:
        advance(session, google_scene.office.clock.now(), 20)
    google_scene.number()
    for card_id in google_scene.passes:
        google_scene.due_there(card_id)
    google_scene.push()
    checked = check(google_scene.desk, 20)
    assert (checked.compared, checked.breach) == (1, None)


def publish_other_colours(scene: GoogleScene) -> None:
    now = scene.office.clock.now()
    with scene.work() as session:
        brand = brands.brand_of_merchant(session)
        worn = brands.worn_now(session, brand)
        design = Design.read(worn.design)
        other = replace(design, colours=replace(design.colours, background="#102030"))
        draft = brands.save_draft(session, brand, other, pictures_of(worn), revision_of(worn), now)
        assert isinstance(draft, BrandDraft)
        publish_draft(session, brand, None, draft.revision, now)


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (Fault(403, "permissionDenied"), "403 permissionDenied"),
        (Fault(429), "429 rateLimitExceeded"),
        (Fault(503), "503 backendError"),
        (Fault(drop=True), "no connection"),
        (Fault(delay=0.7), "no answer in time"),
    ],
    ids=["refused", "throttled", "broken", "dropped", "silent"],
)
def test_google_that_does_not_answer_is_no_breach(
    google_scene: GoogleScene, google: GoogleServer, fault: Fault, said: str
) -> None:
    for _ in range(3):
        google_scene.there()
    google.script("*", Fault(), fault)
    checked = check(google_scene.desk, 20)
    assert (checked.compared, checked.breach, checked.trouble) == (1, None, said)


def test_without_redis_nobody_is_asked(google_scene: GoogleScene, google: GoogleServer) -> None:
    google_scene.there()
    google_scene.desk.rate._run = google_scene.nobody_there()
    checked = check(google_scene.desk, 20)
    assert (checked.compared, checked.breach) == (0, None)
    assert "Redis" in str(checked.trouble)
    assert all(call.method != "GET" for call in google.calls())


def test_what_google_adds_or_spells_its_own_way_is_no_difference() -> None:
    wanted = {"state": "ACTIVE", "barcode": {"type": "QR_CODE"}, "messages": None, "texts": [{"id": "a"}]}
    found = {
        "kind": "walletobjects#loyaltyObject",
        "state": "active",
        "barcode": {"kind": "walletobjects#barcode", "type": "qrCode"},
        "messages": [],
        "texts": [{"kind": "walletobjects#textModuleData", "id": "a"}],
        "hasUsers": True,
    }
    assert difference(wanted, found) is None


@pytest.mark.parametrize(
    ("wanted", "found", "path"),
    [
        ({"heroImage": None}, {"heroImage": {"sourceUri": {}}}, ".heroImage"),
        ({"texts": ["a"]}, {"texts": ["a", "b"]}, ".texts[1]"),
        ({"texts": ["a", "b"]}, {"texts": ["a"]}, ".texts[1]"),
        ({"texts": ["a"]}, {}, ".texts[0]"),
        ({"points": {"balance": {"string": "1", "int": None}}}, {"points": {"balance": {"int": 1}}}, None),
        ({"state": "ACTIVE"}, {"state": "INACTIVE"}, ".state"),
        ({"id": "A"}, {"id": "a"}, ".id"),
    ],
    ids=["too much", "longer list", "shorter list", "no list", "another form", "another state", "another case"],
)
def test_whatever_a_patch_would_change_is_a_difference(
    wanted: dict[str, Any], found: dict[str, Any], path: str | None
) -> None:
    different = difference(wanted, found)
    assert different is not None
    assert path is None or different.path == path


@pytest.fixture
def audit(environ: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """The command as an operator runs it, with these settings more."""

    def run(*words: str, **more: str) -> Result:
        for name, value in {**environ, "PUBLIC_URL": "https://karten.example", **more}.items():
            monkeypatch.setenv(name, value)
        return CliRunner().invoke(main, ["audit", *words])

    return run


def test_the_command_counts_what_it_read_at_google(google_scene: GoogleScene, audit: Callable[..., Result]) -> None:
    for _ in range(2):
        google_scene.there()
    result = audit(**google_scene.google.environ())
    assert (result.exit_code, result.output) == (
        0,
        "All holds: 1 merchants, 2 cards, 0 entries, 2 objects at Google.\n",
    )
    assert "1 objects at Google" in audit("--google-objects", "1", **google_scene.google.environ()).output


def test_the_command_says_one_line_of_an_object_and_fails(
    google_scene: GoogleScene, audit: Callable[..., Result]
) -> None:
    card_id = google_scene.there()
    falsify(google_scene, card_id, loyaltyPoints={"balance": {"string": "9/10"}})
    result = audit(**google_scene.google.environ())
    said = f"Card {card_id}'s Google object shows '9/10' instead of '0/10' (loyaltyPoints.balance.string).\n"
    assert (result.exit_code, result.output) == (1, said)


def test_the_command_holds_the_rest_when_google_is_away_and_says_so(
    google_scene: GoogleScene, audit: Callable[..., Result]
) -> None:
    google_scene.there()
    result = audit(**{**google_scene.google.environ(), "GOOGLE_WALLET_URL": "http://127.0.0.1:9"})
    assert result.exit_code == 0
    assert result.output.splitlines() == [
        "All holds: 1 merchants, 1 cards, 0 entries, 0 objects at Google.",
        "Google Wallet cannot be asked whether it shows the same: no connection.",
    ]


def test_the_command_without_a_key_file_that_can_be_read_holds_the_rest_too(
    google_scene: GoogleScene, audit: Callable[..., Result]
) -> None:
    google_scene.there()
    google_scene.google.google.account.path.write_text("{}")
    result = audit(**google_scene.google.environ())
    assert result.exit_code == 0
    assert "Google Wallet cannot be asked whether it shows the same: GOOGLE_SERVICE_ACCOUNT_FILE" in result.output


def test_the_command_without_google_says_nothing_of_it(
    google_scene: GoogleScene, google: GoogleServer, audit: Callable[..., Result]
) -> None:
    card_id = google_scene.there()
    falsify(google_scene, card_id, loyaltyPoints={"balance": {"string": "9/10"}})
    result = audit()
    assert (result.exit_code, result.output) == (0, "All holds: 1 merchants, 1 cards, 0 entries.\n")
