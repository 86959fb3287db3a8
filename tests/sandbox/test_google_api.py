"""Classes and objects are inserted, read, changed and listed by Google's rules, over real HTTP."""

from typing import Any

import pytest

from sandbox.google_account import ISSUER_ID
from tests.sandbox.google_parts import Client, class_body, image, name, object_body, reason

KINDS = ["loyaltyClass", "loyaltyObject", "offerClass", "offerObject"]


def _offer_class(**changes: Any) -> dict[str, Any]:
    body = {
        "id": name("offer"),
        "issuerName": "Café Morgenrot",
        "provider": "Café",
        "title": "Ein Kaffee gratis",
        "redemptionChannel": "INSTORE",
        "reviewStatus": "UNDER_REVIEW",
    }
    return body | changes


def test_an_inserted_class_is_approved_at_once_and_can_be_read(wallet: Client) -> None:
    body = class_body()
    assert wallet.call("POST", "loyaltyClass", body).json() == {**body, "reviewStatus": "APPROVED"}
    assert wallet.call("GET", f"loyaltyClass/{body['id']}").json()["programName"] == "Zehn Stempel"


def test_an_inserted_object_says_that_nobody_has_it(wallet: Client) -> None:
    found = wallet.call("GET", f"loyaltyObject/{wallet.card()}").json()
    assert (found["hasUsers"], found["hasLinkedDevice"]) == (False, False)


def test_an_offer_has_a_class_and_objects_of_its_own(wallet: Client) -> None:
    offer = _offer_class()
    assert wallet.call("POST", "offerClass", offer).status_code == 200
    voucher = {"id": name(), "classId": offer["id"], "state": "ACTIVE"}
    assert wallet.call("POST", "offerObject", voucher).status_code == 200
    assert wallet.call("GET", f"offerObject/{voucher['id']}").json()["classId"] == offer["id"]


def test_inserting_twice_is_a_conflict_and_changes_nothing(wallet: Client) -> None:
    program = wallet.program()
    again = class_body(id=program, programName="Anders")
    assert reason(wallet.call("POST", "loyaltyClass", again)) == (409, "existingResource")
    assert wallet.call("GET", f"loyaltyClass/{program}").json()["programName"] == "Zehn Stempel"


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("method", "deed"), [("GET", ""), ("PATCH", ""), ("PUT", ""), ("POST", "/addMessage")])
def test_what_was_never_inserted_is_not_found(wallet: Client, kind: str, method: str, deed: str) -> None:
    answer = wallet.call(method, f"{kind}/{name()}{deed}", {"message": {"body": "Hallo"}})
    assert reason(answer) == (404, "resourceNotFound")


def test_an_id_of_the_other_kind_is_not_found(wallet: Client) -> None:
    assert reason(wallet.call("GET", f"offerClass/{wallet.program()}")) == (404, "resourceNotFound")


def test_an_object_needs_its_class_first(wallet: Client) -> None:
    answer = wallet.call("POST", "loyaltyObject", object_body(name("program")))
    assert reason(answer) == (404, "classNotFound")


def test_an_object_needs_a_class_of_its_own_type(wallet: Client) -> None:
    voucher = {"id": name(), "classId": wallet.program(), "state": "ACTIVE"}
    assert reason(wallet.call("POST", "offerObject", voucher)) == (404, "classNotFound")


def test_an_object_cannot_move_to_a_class_that_is_not_there(wallet: Client) -> None:
    answer = wallet.call("PATCH", f"loyaltyObject/{wallet.card()}", {"classId": name("program")})
    assert reason(answer) == (404, "classNotFound")


def test_a_draft_holds_no_objects(wallet: Client) -> None:
    draft = wallet.program(reviewStatus="DRAFT")
    assert reason(wallet.call("POST", "loyaltyObject", object_body(draft))) == (400, "invalidResource")


@pytest.mark.parametrize("foreign", ["3388000000011111111.x", "1.x", "33880000000999999990.x"])
@pytest.mark.parametrize(("method", "path"), [("POST", "loyaltyClass"), ("GET", "loyaltyClass/{}")])
def test_another_issuers_ids_are_not_permitted(wallet: Client, foreign: str, method: str, path: str) -> None:
    body = class_body(id=foreign) if method == "POST" else None
    answer = wallet.call(method, path.format(foreign), body)
    assert reason(answer) == (403, "permissionDenied")


def test_another_issuers_classes_are_not_listed(wallet: Client) -> None:
    assert reason(wallet.call("GET", "loyaltyClass", issuerId="3388000000011111111")) == (403, "permissionDenied")


@pytest.mark.parametrize(
    "changes",
    [
        {"stamps": 3},
        {"stamps": None},
        {"state": "Active"},
        {"state": None},
        {"loyaltyPoints": {"balance": {"string": 3}}},
        {"loyaltyPoints": {"balance": {"string": "3/10", "int": 3}}},
        {"loyaltyPoints": {"balance": {}}},
        {"notifyPreference": "NOTIFY"},
        {"heroImage": {"sourceUri": {"uri": "http://example.org/hero.png"}}},
    ],
    ids=str,
)
def test_a_body_that_google_would_not_take_is_refused_and_noted(wallet: Client, changes: dict[str, Any]) -> None:
    body = object_body(wallet.program(), **changes)
    assert reason(wallet.call("POST", "loyaltyObject", body)) == (400, "invalidResource")
    assert reason(wallet.call("GET", f"loyaltyObject/{body['id']}")) == (404, "resourceNotFound")
    assert wallet.state()["violations"][-1]["id"] == body["id"]


@pytest.mark.parametrize("changes", [{"stamps": 3}, {"stamps": None}, {"state": "Active"}, {"classId": None}], ids=str)
@pytest.mark.parametrize("method", ["PATCH", "PUT"])
def test_a_change_that_google_would_not_take_changes_nothing(
    wallet: Client, method: str, changes: dict[str, Any]
) -> None:
    card = wallet.card()
    before = wallet.call("GET", f"loyaltyObject/{card}").json()
    body = changes if method == "PATCH" else {**object_body(before["classId"], id=card), **changes}
    assert reason(wallet.call(method, f"loyaltyObject/{card}", body)) == (400, "invalidResource")
    assert wallet.call("GET", f"loyaltyObject/{card}").json() == before


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b'"x"', b"null", b"3"])
def test_what_is_no_json_object_is_refused(wallet: Client, data: bytes) -> None:
    answer = wallet.session.post(f"{wallet.base}/loyaltyObject", data=data, timeout=5)
    assert reason(answer) == (400, "invalidResource")


@pytest.mark.parametrize("method", ["PATCH", "PUT"])
def test_the_id_in_the_body_is_the_one_in_the_address(wallet: Client, method: str) -> None:
    card = wallet.card()
    class_id = wallet.call("GET", f"loyaltyObject/{card}").json()["classId"]
    assert reason(wallet.call(method, f"loyaltyObject/{card}", object_body(class_id))) == (400, "invalidResource")


@pytest.mark.parametrize(
    "sent", [{"programName": "Neu"}, {"reviewStatus": "APPROVED"}, {"reviewStatus": "DRAFT"}], ids=str
)
def test_an_approved_class_is_changed_only_as_under_review(wallet: Client, sent: dict[str, str]) -> None:
    program = wallet.program()
    answer = wallet.call("PATCH", f"loyaltyClass/{program}", sent)
    status = sent.get("reviewStatus", "APPROVED")
    assert reason(answer) == (400, "invalidResource")
    assert answer.json()["error"]["message"] == f"Invalid review status '{status}'. Use 'UNDER_REVIEW' instead."


def test_a_class_that_was_read_cannot_be_put_back_as_it_is(wallet: Client) -> None:
    program = wallet.program()
    read = wallet.call("GET", f"loyaltyClass/{program}").json()
    assert reason(wallet.call("PUT", f"loyaltyClass/{program}", read)) == (400, "invalidResource")


def test_a_class_sent_as_under_review_changes_and_is_approved(wallet: Client) -> None:
    program = wallet.program()
    sent = {"programName": "Neu", "reviewStatus": "UNDER_REVIEW"}
    changed = wallet.call("PATCH", f"loyaltyClass/{program}", sent).json()
    assert (changed["programName"], changed["reviewStatus"]) == ("Neu", "APPROVED")


@pytest.mark.parametrize("status", ["APPROVED", "REJECTED", "REVIEW_STATUS_UNSPECIFIED"])
def test_nobody_approves_their_own_class(wallet: Client, status: str) -> None:
    answer = wallet.call("POST", "loyaltyClass", class_body(reviewStatus=status))
    assert reason(answer) == (400, "invalidResource")


def test_a_draft_may_stay_one_and_be_submitted_later(wallet: Client) -> None:
    program = wallet.program(reviewStatus="DRAFT")
    kept = wallet.call("PATCH", f"loyaltyClass/{program}", {"programName": "Neu"}).json()
    assert kept["reviewStatus"] == "DRAFT"
    sent = wallet.call("PATCH", f"loyaltyClass/{program}", {"reviewStatus": "UNDER_REVIEW"}).json()
    assert sent["reviewStatus"] == "APPROVED"


def test_a_patch_merges_objects_replaces_arrays_and_null_clears(wallet: Client) -> None:
    texts = [{"id": "a", "header": "A", "body": "1"}, {"id": "b", "header": "B", "body": "2"}]
    card = wallet.card(textModulesData=texts, accountName="Ada", heroImage=image("https://example.org/3.png"))
    sent = {
        "loyaltyPoints": {"balance": {"string": "4/10"}},
        "textModulesData": [texts[1]],
        "accountName": None,
        "heroImage": {"sourceUri": {"uri": "https://example.org/4.png"}},
    }
    changed = wallet.call("PATCH", f"loyaltyObject/{card}", sent).json()
    assert changed["loyaltyPoints"] == {"label": "Stempel", "balance": {"string": "4/10"}}
    assert changed["textModulesData"] == [texts[1]]
    assert "accountName" not in changed
    assert changed["heroImage"] == image("https://example.org/4.png")


def test_a_put_replaces_everything(wallet: Client) -> None:
    card = wallet.card(accountName="Ada")
    class_id = wallet.call("GET", f"loyaltyObject/{card}").json()["classId"]
    changed = wallet.call("PUT", f"loyaltyObject/{card}", object_body(class_id, id=card)).json()
    assert "accountName" not in changed


def test_a_balance_that_changes_its_form_keeps_both_and_that_is_noted(wallet: Client) -> None:
    card = wallet.card(loyaltyPoints={"balance": {"int": 3}})
    changed = wallet.call("PATCH", f"loyaltyObject/{card}", {"loyaltyPoints": {"balance": {"string": "4/10"}}})
    assert changed.json()["loyaltyPoints"]["balance"] == {"int": 3, "string": "4/10"}
    assert "two forms" in wallet.state()["violations"][-1]["text"]
    assert wallet.state()["objects"][card]["seen"][-1]["points"] == "3"


def test_a_balance_whose_old_form_is_cleared_has_one(wallet: Client) -> None:
    card = wallet.card(loyaltyPoints={"balance": {"int": 3}})
    sent = {"loyaltyPoints": {"balance": {"string": "4/10", "int": None}}}
    changed = wallet.call("PATCH", f"loyaltyObject/{card}", sent).json()
    assert changed["loyaltyPoints"]["balance"] == {"string": "4/10"}


@pytest.mark.parametrize("key", ["hasUsers", "hasLinkedDevice"])
def test_what_only_google_sets_is_ignored_and_noted(wallet: Client, key: str) -> None:
    card = wallet.card()
    assert wallet.call("PATCH", f"loyaltyObject/{card}", {key: True}).json()[key] is False
    assert key in wallet.state()["violations"][-1]["text"]


def test_the_wish_to_notify_is_not_kept(wallet: Client) -> None:
    card = wallet.card()
    sent = {"notifyPreference": "NOTIFY_ON_UPDATE", "loyaltyPoints": {"balance": {"string": "4/10"}}}
    assert "notifyPreference" not in wallet.call("PATCH", f"loyaltyObject/{card}", sent).json()


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_is_ever_deleted(wallet: Client, kind: str) -> None:
    assert wallet.call("DELETE", f"{kind}/{name()}").status_code == 405


def test_all_objects_of_a_class_are_listed(wallet: Client) -> None:
    program = wallet.program()
    cards = [wallet.card(classId=program) for _ in range(5)]
    listed = wallet.call("GET", "loyaltyObject", classId=program).json()
    assert [one["id"] for one in listed["resources"]] == cards
    assert listed["pagination"] == {"resultsPerPage": 5}


def test_a_list_comes_in_pages(wallet: Client) -> None:
    program = wallet.program()
    cards = [wallet.card(classId=program) for _ in range(5)]
    found: list[str] = []
    after: dict[str, str] = {}
    for size in (2, 2, 1):
        page = wallet.call("GET", "loyaltyObject", classId=program, maxResults=2, **after).json()
        assert page["pagination"]["resultsPerPage"] == size
        found += [one["id"] for one in page["resources"]]
        after = {"token": page["pagination"].get("nextPageToken", "")}
    assert (found, after) == (cards, {"token": ""})


def test_the_classes_of_the_issuer_are_listed(wallet: Client) -> None:
    program = wallet.program()
    listed = wallet.call("GET", "loyaltyClass", issuerId=ISSUER_ID).json()["resources"]
    assert listed[-1]["id"] == program


@pytest.mark.parametrize("params", [{}, {"issuerId": ISSUER_ID}, {"classId": ""}], ids=str)
def test_a_list_of_objects_needs_a_class(wallet: Client, params: dict[str, str]) -> None:
    assert reason(wallet.call("GET", "loyaltyObject", **params)) == (400, "invalidResource")


@pytest.mark.parametrize("most", ["0", "-1", "many"])
def test_a_page_has_a_size(wallet: Client, most: str) -> None:
    answer = wallet.call("GET", "loyaltyObject", classId=wallet.program(), maxResults=most)
    assert reason(answer) == (400, "invalidResource")


def test_the_objects_of_an_unknown_class_are_not_found(wallet: Client) -> None:
    assert reason(wallet.call("GET", "loyaltyObject", classId=name("program"))) == (404, "resourceNotFound")


def test_a_message_is_added_to_those_that_are_there(wallet: Client) -> None:
    card = wallet.card(messages=[{"id": "a", "header": "A", "body": "1"}])
    sent = {"message": {"id": "b", "header": "B", "body": "2", "messageType": "TEXT"}}
    answer = wallet.call("POST", f"loyaltyObject/{card}/addMessage", sent).json()
    assert [one["id"] for one in answer["resource"]["messages"]] == ["a", "b"]
    assert answer["resource"]["id"] == card


@pytest.mark.parametrize(
    "sent",
    [
        {},
        {"message": None},
        {"message": "Hallo"},
        {"message": {"text": "Hallo"}},
        {"message": {"body": 3}},
        {"message": {"body": "Hallo", "messageType": "EXPIRATION_NOTIFICATION"}},
        {"message": {"body": "Hallo", "messageType": "NOTIFY"}},
        {"message": {"body": "Hallo"}, "notifyPreference": "NOTIFY_ON_UPDATE"},
        {"body": "Hallo"},
    ],
    ids=str,
)
def test_what_is_no_message_is_refused(wallet: Client, sent: dict[str, Any]) -> None:
    answer = wallet.call("POST", f"loyaltyObject/{wallet.card()}/addMessage", sent)
    assert reason(answer) == (400, "invalidResource")


def test_an_eleventh_message_is_refused_and_ten_stay(wallet: Client) -> None:
    card = wallet.card(messages=[{"id": str(number)} for number in range(10)])
    answer = wallet.call("POST", f"loyaltyObject/{card}/addMessage", {"message": {"id": "more"}})
    assert reason(answer) == (400, "invalidResource")
    assert len(wallet.call("GET", f"loyaltyObject/{card}").json()["messages"]) == 10


def test_places_are_refused_until_the_issuer_is_allowlisted(wallet: Client) -> None:
    card = wallet.card()
    sent = {"merchantLocations": [{"latitude": 52.5, "longitude": 13.4}]}
    refused = wallet.call("PATCH", f"loyaltyObject/{card}", sent)
    assert reason(refused) == (400, "invalidResource")
    assert "Issuer not allowlisted for Merchant Locations" in refused.json()["error"]["message"]
    wallet.tell("settings", {"merchant_locations": True})
    assert wallet.call("PATCH", f"loyaltyObject/{card}", sent).status_code == 200
    wallet.tell("settings", {"merchant_locations": False})


def test_a_voucher_is_linked_to_a_card_for_good(wallet: Client) -> None:
    first, second, card = wallet.card(), wallet.card(), wallet.card()
    wallet.call("PATCH", f"loyaltyObject/{card}", {"linkedObjectIds": [first]})
    changed = wallet.call("PATCH", f"loyaltyObject/{card}", {"linkedObjectIds": [second]}).json()
    assert changed["linkedObjectIds"] == [first, second]


def test_only_other_unlinked_objects_of_this_issuer_can_be_linked(wallet: Client) -> None:
    card = wallet.card()
    nested = wallet.card(linkedObjectIds=[wallet.card()])
    for wrong in (card, name(), "3388000000011111111.x", nested):
        answer = wallet.call("PATCH", f"loyaltyObject/{card}", {"linkedObjectIds": [wrong]})
        assert reason(answer) == (400, "invalidResource"), wrong
