"""The rules by code: where the cause stands, how bad it is, what to say, what to do.

The causes are the rows of the table in docs/apple-rules.md. Sources: Apple, "Building a Pass", "Creating the Source
for a Pass", "Pass", "PassFieldContent", "PassFields", "Pass.Barcodes", "Showing a Pass on the Lock Screen", "Creating
a store card pass", Human Interface Guidelines "Wallet"; archive, "Pass Design and Creation".
"""

from typing import NamedTuple

ERROR, WARNING = "error", "warning"


class Rule(NamedTuple):
    """`cause` is a row of docs/apple-rules.md; `what` has gaps that the finding fills."""

    severity: str
    cause: str
    what: str
    remedy: str


_ERRORS = {
    "pass-type-form": (
        "1",
        "The pass type {value} is none of Apple's.",
        "Take the identifier from the developer account: it begins with “pass.”, without the team before it.",
    ),
    "pass-type-other": (
        "1",
        "passTypeIdentifier is {value}, but the certificate is for {certified}.",
        "Sign with the certificate of this pass type, or write the certificate's own into pass.json.",
    ),
    "team-form": (
        "2",
        "The team {value} is none of Apple's.",
        "Take the ten capital letters and digits from the membership page of the developer account.",
    ),
    "team-other": (
        "2",
        "teamIdentifier is {value}, but the certificate belongs to {certified}.",
        "Write the team of the certificate (OU of its subject) into pass.json.",
    ),
    "file-stray": (
        "8",
        "The file {name} was left behind by a file manager.",
        "Pack the pass again without it, and leave it out of manifest.json.",
    ),
    "pass-json-missing": (
        "9",
        "There is no pass.json.",
        "Put it at the top level of the pass.",
    ),
    "icon-missing": (
        "10",
        "The pass has no icon.",
        "Add icon.png, icon@2x.png and icon@3x.png: lock screen, notifications and mail show them.",
    ),
    "icon-unreadable": (
        "10",
        "{name} is no PNG that can be read: {why}.",
        "Save the icon anew as PNG; a pass with a broken one is not added.",
    ),
    "image-unreadable": (
        "10",
        "{name} is no PNG that can be read: {why}.",
        "Save the picture anew as PNG; the name alone does not make it one.",
    ),
    "image-too-large": (
        "10",
        "{name} has {width} x {height} pixels; the pictures of a pass have {most} million together at the most here.",
        "Make it as small as Apple's size for it; a phone would have to unfold all of it.",
    ),
    "json-encoding": (
        "11",
        "{name} is not UTF-8.",
        "Write it as UTF-8 without a byte order mark.",
    ),
    "json-bom": (
        "11",
        "{name} begins with a byte order mark.",
        "Write it as UTF-8 without one.",
    ),
    "json-syntax": (
        "11",
        "{name} does not parse: {why}.",
        "Write strict JSON: no comments, no comma before a closing bracket, no NaN.",
    ),
    "json-duplicate-key": (
        "11",
        "The key {key} stands twice in the same object of {name}.",
        "Keep one of them; readers differ on which one counts.",
    ),
    "json-too-big": (
        "11",
        "{name} has {size} bytes.",
        "A pass has a few thousand; put long texts on a web page and link to it.",
    ),
    "format-version": (
        "12",
        "formatVersion is {value}.",
        "Write the number 1, without quotes.",
    ),
    "key-missing": (
        "12",
        "{key} is missing or empty.",
        "Give it; Wallet adds no pass without it.",
    ),
    "key-type": (
        "12",
        "{key} is {value}, not {kind}.",
        "Write it in the type Apple's page “Pass” names.",
    ),
    "style-missing": (
        "13",
        "The pass has no style.",
        "Put the fields into exactly one of storeCard, coupon, generic, eventTicket, boardingPass.",
    ),
    "style-several": (
        "13",
        "The pass has several styles: {styles}.",
        "Keep one; only posterGeneric may stand beside another.",
    ),
    "date-form": (
        "14",
        "{key} is {value}, which is no date with time and zone.",
        "Write it like 2026-12-24T18:00+01:00 or 2026-12-24T17:00:00Z.",
    ),
    "colour-form": (
        "15",
        "{key} is {value}.",
        "Write colours as rgb(47, 93, 80), each number from 0 to 255, without alpha.",
    ),
    "barcode-format": (
        "16",
        "The barcode format {value} is unknown.",
        "Use PKBarcodeFormatQR, PKBarcodeFormatPDF417, PKBarcodeFormatAztec or PKBarcodeFormatCode128.",
    ),
    "choice-unknown": (
        "16",
        "{key} is {value}, which Wallet does not know.",
        "Use one of the values on Apple's page “PassFieldContent”.",
    ),
    "barcode-message": (
        "17",
        "A barcode has the message {value}.",
        "Give the text that the code holds.",
    ),
    "barcode-encoding": (
        "17",
        "A barcode has the messageEncoding {value}.",
        "Name an IANA character set; iso-8859-1 suits scanners.",
    ),
    "barcode-unencodable": (
        "17",
        "The barcode's message {message} cannot be written in {encoding}.",
        "Keep to letters and digits, or choose an encoding that holds it; no code is shown otherwise.",
    ),
    "barcode-too-long": (
        "17",
        "The barcode's message has {size} bytes; {format} holds {most}.",
        "Let the code hold a short number or link.",
    ),
    "field-form": (
        "18",
        "In {group} stands {value}, which is no field.",
        "Write each group as an array of objects with key and value.",
    ),
    "field-key": (
        "18",
        "A field of {group} has the key {value}.",
        "Give every field a key of its own; changes are announced by it.",
    ),
    "field-value": (
        "18",
        "The field {key} has the value {value}.",
        "Give it a text or a number, or leave the field out.",
    ),
    "field-twice": (
        "18",
        "The key {key} is used by two fields.",
        "Keys are unique across the whole pass, front and back: rename one.",
    ),
    "number-style-on-text": (
        "19",
        "The field {key} has {style}, but its value {value} is no number.",
        "Write the value as a number without quotes, or leave the style out.",
    ),
    "currency-unknown": (
        "19",
        "The field {key} has the currencyCode {value}.",
        "Use the three capital letters of ISO 4217, as EUR.",
    ),
    "alignment-misplaced": (
        "20",
        "The field {key} in {group} has a textAlignment.",
        "Drop it: primary and back fields may not have one.",
    ),
    "change-message": (
        "21",
        "The change message {value} of {key} lacks %@.",
        "Put %@ where the new value goes, or drop the message; without %@ nothing is announced.",
    ),
    "web-service-url": (
        "22",
        "webServiceURL is {value}.",
        "Write it as https://host/path, without query or fragment: the phone appends /v1/… to it.",
    ),
    "web-service-version": (
        "22",
        "webServiceURL {value} ends in /v1.",
        "Leave that out; the phone appends it itself and would ask /v1/v1/….",
    ),
    "web-service-half": (
        "22",
        "{key} stands there without {other}.",
        "Give both, or neither for a pass that never changes.",
    ),
    "token-short": (
        "22",
        "authenticationToken has {size} characters.",
        "Give it at least 16, random ones.",
    ),
    "locations-many": (
        "24",
        "There are {count} locations.",
        "Keep the ten nearest; Wallet takes no more.",
    ),
    "location-form": (
        "24",
        "{key} of a location is {value}.",
        "Write latitude (-90 to 90), longitude (-180 to 180) and altitude as numbers without quotes.",
    ),
    "beacons-many": (
        "24",
        "The beacons have {count} different UUIDs.",
        "Keep ten; one for all shops of a chain is enough.",
    ),
    "beacon-form": (
        "24",
        "{key} of a beacon is {value}.",
        "Give a proximityUUID, and major and minor from 0 to 65535 as numbers.",
    ),
    "nfc-certificate": (
        "25",
        "The pass has an nfc part, but its certificate is none for NFC.",
        "Drop nfc, or ask Apple for a Pass Type ID certificate with NFC.",
    ),
    "nfc-form": (
        "25",
        "{key} of nfc is {value}.",
        "Give a message and an encryptionPublicKey (base64 of a P-256 SubjectPublicKeyInfo) as texts.",
    ),
    "grouping-misplaced": (
        "26",
        "A {style} has the groupingIdentifier {value}.",
        "Drop it: it belongs to event tickets and boarding passes.",
    ),
    "launch-url-alone": (
        "27",
        "appLaunchURL {value} stands there without associatedStoreIdentifiers.",
        "Name the app's number in the App Store as well, or drop the address.",
    ),
    "folder-name": (
        "28",
        "The folder {name} names no language.",
        "Call it like de.lproj, pt-BR.lproj or zh-Hans.lproj.",
    ),
    "strings-unreadable": (
        "28",
        "{name} cannot be read: {why}.",
        'Write lines like "key" = "text"; in UTF-16 with a byte order mark.',
    ),
    "strings-differ": (
        "28",
        "{folder} does not translate {key}, which another language does.",
        "Give every language the same keys in its pass.strings.",
    ),
    "images-differ": (
        "28",
        "{folder} has no {name}, which another language has.",
        "Give every language the same pictures.",
    ),
    "image-shadowed": (
        "28",
        "{name} stands at the top level and in {folder}.",
        "Keep one: the one at the top level wins, and the other is never shown.",
    ),
}

_WARNINGS = {
    "file-unknown": (
        "8",
        "Wallet knows no file {name}.",
        "Compare its name with Apple's list (icon@2x.png, strip@3x.png, …), or leave it out.",
    ),
    "icon-scale": (
        "10",
        "{name} is missing.",
        "Ship all three scales: 38, 76 and 114 pixels square.",
    ),
    "serial-form": (
        "12",
        "The serial number {value} is not made of letters and digits alone.",
        "Use A to Z, a to z, 0 to 9: it becomes part of web addresses.",
    ),
    "expiration-past": (
        "14",
        "The pass has ended already, on {value}.",
        "Right when a pass is being ended; else give a later expirationDate.",
    ),
    "web-service-local": (
        "22",
        "webServiceURL {value} is plain http on this machine.",
        "Good for trying out; phones elsewhere demand https and a public name.",
    ),
    "nfc-long": (
        "25",
        "The nfc message has {size} bytes.",
        "Wallet cuts it after 64: shorten it.",
    ),
    "date-ignored": (
        "29",
        "{key} is ignored by Wallet on a {style}.",
        "Let the offer become a new version of the pass when its time comes; only a place can bring this style up.",
    ),
    "fields-many": (
        "31",
        "{count} {group}; Wallet shows {most}.",
        "Move the rest to the back.",
    ),
    "front-too-long": (
        "31",
        "{texts} will not fit {where}.",
        "Shorten it or move it to the back; Wallet cuts it or leaves out what stands last.",
    ),
    "image-size": (
        "more",
        "{name} has {width} x {height} pixels; Wallet shows {most}.",
        "Scale it down: Wallet would do it by its own taste, and every phone loads the rest for nothing.",
    ),
    "key-unknown": (
        "more",
        "Wallet drops {key}, which it does not know.",
        "Compare the spelling with Apple's pages; small and capital letters count.",
    ),
    "barcode-deprecated": (
        "more",
        "The code stands in barcode alone.",
        "Write it into the array barcodes as well; barcode is for systems before iOS 9.",
    ),
    "barcode-new": (
        "more",
        "All barcodes are of kinds that came with iOS 27.",
        "Put one of QR, PDF417, Aztec or Code128 last; older phones show no code otherwise.",
    ),
    "barcode-missing": (
        "more",
        "The pass has no barcode.",
        "Give it one, unless it is only looked at: there is nothing to scan.",
    ),
    "date-deprecated": (
        "more",
        "The date stands in relevantDate alone.",
        "Write it into relevantDates as well, for iOS 18 and later.",
    ),
    "coupon-endless": (
        "more",
        "The coupon has no expirationDate.",
        "Give one, and Wallet files the coupon away when it is over.",
    ),
    "header-missing": (
        "more",
        "The store card has no header field.",
        "Put the balance there: it is all that is seen while the card lies in the stack.",
    ),
    "contact-missing": (
        "more",
        "The back names no way to reach who issued the pass.",
        "Put address, phone, mail or website there; Apple demands it of whoever signs.",
    ),
}

RULES: dict[str, Rule] = {
    **{code: Rule(ERROR, *parts) for code, parts in _ERRORS.items()},
    **{code: Rule(WARNING, *parts) for code, parts in _WARNINGS.items()},
}
