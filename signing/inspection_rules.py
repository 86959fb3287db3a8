"""What the seal of a pass can be guilty of, by code: the row of docs/apple-rules.md, what to say, what to do."""

from dataclasses import dataclass
from typing import NamedTuple

ERROR, WARNING = "error", "warning"
_LONGEST = 200


class Rule(NamedTuple):
    """`cause` is a row of docs/apple-rules.md, "0" for what is no archive at all; `what` has gaps."""

    severity: str
    cause: str
    what: str
    remedy: str


@dataclass(frozen=True)
class Fault:
    """A fault or doubt; `code` is a key of RULES, `what` names the value, `remedy` says what to do."""

    code: str
    severity: str
    cause: str
    what: str
    remedy: str


def fault(code: str, **values: object) -> Fault:
    """The values are shown at most 200 signs long, with nothing in them that could steer a terminal."""
    rule = RULES[code]
    return Fault(
        code=code,
        severity=rule.severity,
        cause=rule.cause,
        what=rule.what.format(**{name: _shown(value) for name, value in values.items()}),
        remedy=rule.remedy,
    )


def _shown(value: object) -> str:
    text = str(value)
    plain = text if text.isprintable() else ascii(text)
    return plain if len(plain) <= _LONGEST else plain[:_LONGEST] + "…"


_SEAL_ANEW = "Sign the pass again, and change nothing in it afterwards."

_ERRORS = {
    "not-a-zip": ("0", "This is no pass: {what}.", "Give the .pkpass file itself, as it was downloaded."),
    "zip-damaged": ("0", "The archive is damaged: {why}.", "Fetch or pack it again; a part of it is missing or wrong."),
    "zip-too-big": (
        "0",
        "Unpacked, the archive holds more than {most}.",
        "A pass has less than one million bytes; leave out what does not belong in it.",
    ),
    "zip-method": (
        "0",
        "{name} is compressed by a method that phones do not know ({method}).",
        "Pack the pass with plain “zip”, or store the files uncompressed.",
    ),
    "bundle-many": (
        "0",
        "The bundle holds {count} passes.",
        "Keep ten; phones take no more at once, and only the first ten were looked at here.",
    ),
    "zip-path": (
        "9",
        "The archive holds “{name}”, which leads outside the pass.",
        "Pack the files by their plain names, with / between folder and file.",
    ),
    "zip-link": ("9", "“{name}” is a symbolic link.", "Pack the file it leads to instead."),
    "zip-double": ("9", "The archive holds “{name}” {count} times.", "Pack it once; readers differ on which counts."),
    "zip-folder": (
        "9",
        "The files stand in a folder inside the archive (“{name}”).",
        "Pack the files themselves, not the folder they lie in: pass.json stands at the top.",
    ),
    "manifest-missing": ("8", "There is no manifest.json.", "Seal the pass: manifest of all files, signature over it."),
    "manifest-unreadable": (
        "8",
        "manifest.json is no object of file names and SHA-1 hashes: {why}.",
        "Write one entry for each file, its hash as 40 hexadecimal digits.",
    ),
    "manifest-unlisted": ("8", "manifest.json does not list {name}.", "List every file but itself and signature."),
    "manifest-absent": ("8", "manifest.json lists {name}, which is not there.", "List only what is in the archive."),
    "manifest-hash": ("8", "{name} is not the file that manifest.json speaks of: its SHA-1 differs.", _SEAL_ANEW),
    "signature-missing": ("5", "There is no signature.", "Seal the pass: it is added to no phone without one."),
    "signature-empty": ("5", "The signature is empty.", "Look at what the signing program said; sign again."),
    "signature-unreadable": (
        "5",
        "The signature cannot be read: {why}.",
        "Write a detached CMS signature in DER, not PEM, with one signer.",
    ),
    "signature-embedded": (
        "5",
        "The signature carries the content it signs.",
        "Sign detached: what is signed is manifest.json, and it stands beside the signature.",
    ),
    "signature-algorithm": (
        "5",
        "The signature uses {what}.",
        "Sign with RSA and SHA-256 (or SHA-1, as the oldest tools do).",
    ),
    "signature-wrong": (
        "5",
        "The signature was not made with the key of its certificate.",
        "Sign with the key that the certificate was requested with.",
    ),
    "signature-other": ("5", "The signature was made over another manifest.json.", _SEAL_ANEW),
    "signature-lines": (
        "7",
        "What was signed is manifest.json with other line ends (CRLF).",
        "Sign the bytes as they are (binary), and write manifest.json on one line.",
    ),
    "signing-time-missing": (
        "6",
        "The signature does not say when it was made.",
        "Sign with signed attributes, signingTime among them.",
    ),
    "signed-outside": (
        "3",
        "It was signed on {at}, but “{name}” is valid from {since} to {until}.",
        "Renew the certificate, or set the clock of the machine that signs.",
    ),
    "certificate-kind": (
        "1",
        "“{name}” is no Pass Type ID certificate: its subject has the UID “{uid}”.",
        "Sign with a certificate made under Identifiers, Pass Type IDs.",
    ),
    "signer-missing": (
        "4",
        "The certificate of the signer is not in the signature.",
        "Put it and the intermediate into the signature.",
    ),
    "intermediate-missing": (
        "4",
        "The intermediate “{issuer}” that issued the certificate is not in the signature.",
        "Put it there beside the certificate; Apple's page “Apple PKI” has it.",
    ),
    "intermediate-wrong": (
        "4",
        "The intermediate “{issuer}” in the signature bears the right name but did not issue the certificate.",
        "Take the one that did: its key id is {key_id}.",
    ),
    "intermediate-ended": (
        "4",
        "It was signed on {at}, when the intermediate “{issuer}” was not valid ({since} to {until}).",
        "Take the current one from Apple's page “Apple PKI”, and have the certificate issued again.",
    ),
    "authority-unknown": (
        "4",
        "The certificates lead up to “{issuer}”, which is not Apple's.",
        "Sign with a certificate that Apple issued; no phone trusts another.",
    ),
}

_WARNINGS = {
    "manifest-capitals": (
        "8",
        "The hash of {name} is written in capital letters.",
        "Write hashes in small letters; not every reader forgives it.",
    ),
    "certificate-ended": (
        "3",
        "The certificate “{name}” ended on {until}.",
        "Cards on phones stay; renew it to issue new ones and to update these.",
    ),
    "certificate-ends": (
        "3",
        "The certificate “{name}” ends on {until}.",
        "Renew it before, under the same pass type.",
    ),
    "intermediate-past": (
        "4",
        "The intermediate “{issuer}” has ended on {until}.",
        "Sign again with a certificate of the current one; phones may add this pass no more.",
    ),
}

RULES: dict[str, Rule] = {
    **{code: Rule(ERROR, *parts) for code, parts in _ERRORS.items()},
    **{code: Rule(WARNING, *parts) for code, parts in _WARNINGS.items()},
}
