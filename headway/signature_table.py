"""The table of signatures for people and programs: `headway classify --signatures`.

Owns how lines of the classifier's tables are told, and their order; `docs/signatures.md` is what is
printed here. Adds nothing to the tables.
"""

import json
import string
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from classifier import (
    bodies,
    fields,
    grpc_services,
    names,
    paths,
    roles,
    table_control,
    table_inference,
    table_messaging,
    table_services,
    table_storage,
    table_telemetry,
    table_training,
)
from classifier.claims import Claim
from classifier.evidence import Entry
from classifier.model import TCP
from policies.classes import TrafficClass

_SHOWN_LEADS = 4
_READABLE = frozenset(string.printable.encode())
_THEMES = (
    ("Training", table_training.ENTRIES),
    ("Control", table_control.ENTRIES),
    ("Inference and agents", table_inference.ENTRIES),
    ("Messaging", table_messaging.ENTRIES),
    ("Telemetry", table_telemetry.ENTRIES),
    ("Storage and transfer", table_storage.ENTRIES),
    ("Databases, names, voice and others", table_services.ENTRIES),
)
_HEAD = """\
# Signatures

Every line of the classifier's tables, with the specification or the program that it is from. How
they are used, and how to add one: [classification.md](classification.md). Made by
`headway classify --signatures > docs/signatures.md`; `--json` tells the same to programs.

*looks for*: text stands in quotes, other bytes are in hexadecimal; `+ pattern` and `+ check`: more
than these bytes must fit. In names and paths `*` stands for a part and `**` for several, `...` for
anything before. *class*: of one that is `several`, volume and shape decide
([below](#roles-by-volume)). *sure*: the confidence of this line alone; where several speak about
one flow they are weighed against each other.
"""
_ROLES = """\
## Roles by volume

What one side sends at a stretch, against the limit. *overrules*: also where the bytes said the
smaller class.

| protocol | limit, bytes | from the limit on | below it | overrules | why |
|---|---|---|---|---|---|
"""


@dataclass(frozen=True, slots=True)
class Signature:
    """One line of a table.

    Attributes:
        family: What kind of evidence it is, or for which theme.
        evidence: What it looks for, in words.
        protocol, role, confidence, source: As in `classifier.model.Identity`.
        traffic_class: None: the protocol carries several.
    """

    family: str
    evidence: str
    protocol: str
    role: str
    traffic_class: TrafficClass | None
    confidence: float
    source: str


def signatures() -> Iterator[Signature]:
    """All of them, in the order of the tables."""
    for theme, entries in _THEMES:
        for entry in entries:
            yield Signature(f"First bytes: {theme}", _opening(entry), entry.protocol, entry.role,
                            entry.traffic_class, entry.confidence, entry.source)  # fmt: skip
    yield from _http()
    yield from _named("gRPC services", grpc_services.SERVICES)
    yield from _named("gRPC methods of other services", grpc_services.METHODS)
    for service, source in grpc_services.NEUTRAL:
        yield Signature(
            "gRPC services beside any other", f"`{service}`", "gRPC", "", None, 0.0, source
        )
    for name in names.NAMES:
        yield _claimed("Names of servers (SNI, Host)", f"`{name.domain}`", name.claim)
    for name in names.LABELS:
        yield _claimed(
            "First labels of names inside an organisation", f"`{name.domain}`", name.claim
        )
    for protocol in names.ALPN:
        yield _claimed("ALPN", f"`{protocol.name.decode()}`", protocol.claim)


def _http() -> Iterator[Signature]:
    for target in paths.TARGETS:
        words = f"{'/'.join(target.methods.split()) or 'any'} `{target.path}`"
        yield _claimed("HTTP paths", words, target.claim)
    for query in paths.QUERIES:
        yield _claimed("HTTP query parameters", f"`{query.parameter}`", query.claim)
    for field in fields.FIELDS:
        value = f": {field.token}" if field.token else ""
        yield _claimed("HTTP header fields", f"`{field.name}{value}`", field.claim)
    for body in bodies.BODIES:
        of = "an answer" if body.answer else "a request"
        members = ", ".join(f"`{member}`" for member in sorted(body.members))
        yield _claimed("HTTP bodies", f"JSON of {of}: {members}", body.claim)
    for text in bodies.TEXTS:
        yield _claimed("HTTP bodies", f"`{_text(text.text)}`", text.claim)
    yield from _named("JSON-RPC methods", bodies.METHODS)


def _named(
    family: str, lines: Iterable[grpc_services.Service | bodies.Method]
) -> Iterator[Signature]:
    for line in lines:
        yield _claimed(family, f"`{line.name}`", line.claim)


def _claimed(family: str, evidence: str, claim: Claim) -> Signature:
    return Signature(family, evidence, *claim)


def _opening(entry: Entry) -> str:
    """What a line about first bytes looks for."""
    shown = ", ".join(f"`{_text(lead)}`" for lead in entry.lead[:_SHOWN_LEADS] if lead)
    more = len(entry.lead) - _SHOWN_LEADS
    return " ".join(
        part
        for part in (
            "TCP" if entry.transport == TCP else "UDP",
            f"port {entry.port}" if entry.port else "",
            f"at {entry.offset}" if entry.offset and shown else "",
            shown or "any bytes",
            f"and {more} more" if more > 0 else "",
            "+ pattern" if isinstance(entry.test, bytes) else "+ check" if entry.test else "",
        )
        if part
    )


def _text(raw: bytes) -> str:
    """Text in quotes, anything else in hexadecimal."""
    readable = sum(byte in _READABLE for byte in raw)
    if 4 * readable < 3 * len(raw):
        return raw.hex(" ")
    return '"' + raw.decode("latin-1").encode("unicode_escape").decode() + '"'


def print_signatures(*, as_json: bool) -> None:
    """Prints the tables, as Markdown or as JSON."""
    known = list(signatures())
    print(json.dumps(_document(known), indent=2) if as_json else _markdown(known), end="")
    if as_json:
        print()


def _document(known: Sequence[Signature]) -> dict[str, object]:
    return {
        "signatures": [
            {
                "family": one.family,
                "evidence": one.evidence.replace("`", ""),
                "protocol": one.protocol,
                "role": one.role,
                "class": one.traffic_class.value if one.traffic_class else None,
                "confidence": one.confidence,
                "source": one.source,
            }
            for one in known
        ],
        "roles": [
            {
                "protocol": protocol,
                "limit_bytes": entry.limit_bytes,
                "large": {"class": _class(entry.large), "role": entry.large_role},
                "small": {"class": _class(entry.small), "role": entry.small_role},
                "overrules": entry.overrules,
                "why": entry.why,
            }
            for protocol, entry in roles.TABLE.items()
        ],
    }


def _class(of: TrafficClass | None) -> str | None:
    return of.value if of else None


def _markdown(known: Sequence[Signature]) -> str:
    parts = [_HEAD]
    for family, lines in groupby(known, lambda one: one.family):
        parts.append(f"\n## {family}\n\n| protocol | role | class | looks for | sure | source |\n"
                     "|---|---|---|---|---|---|\n")  # fmt: skip
        parts += [_row(line) for line in lines]
    parts.append("\n" + _ROLES)
    for protocol, entry in roles.TABLE.items():
        large = f"{entry.large.value}: {entry.large_role}"
        small = f"{_class(entry.small) or 'not known'}: {entry.small_role}"
        overrules = "yes" if entry.overrules else ""
        parts.append(_cells(protocol, f"{entry.limit_bytes:,}", large, small, overrules, entry.why))
    return "".join(parts)


def _row(one: Signature) -> str:
    return _cells(one.protocol, one.role, _class(one.traffic_class) or "several", one.evidence,
                  f"{one.confidence:g}", one.source)  # fmt: skip


def _cells(*cells: str) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |\n"
