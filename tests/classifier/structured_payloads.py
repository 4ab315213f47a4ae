"""Payloads of data, not of protocols: numbers, files, text, as a stream joined midway gives them.

Owns the kinds and the cutting. Each kind makes some kB that look like what programs really send;
a cut of it anywhere, even inside a number, is an opening that no signature may claim.
"""

import base64
import gzip
import io
import json
import math
import pickle
import random
import struct
import uuid
import zipfile
from array import array
from collections.abc import Callable, Iterator

from classifier.model import OPENING_BYTES

Kind = Callable[[random.Random], bytes]
KINDS: dict[str, Kind] = {}
CUTS = 60  # of one piece of data: making it takes longer than asking about it
_SHORT = (4, 8, 12, 16, 20, 24, 28, 32, 40, 48, 60, 64, 92, 100, 128, 200, 500)


def kind(make: Kind) -> Kind:
    """Enters it in `KINDS` by its name."""
    KINDS[make.__name__.lstrip("_")] = make
    return make


def cuts(make: Kind, rng: random.Random, times: int) -> Iterator[tuple[bytes, bytes]]:
    """Openings, one side's or both sides', of pieces cut out of what `make` makes."""
    whole = b""
    for number in range(times):
        if number % CUTS == 0:
            whole = make(rng)
        one, other = _piece(whole, rng), _piece(whole, rng)
        yield ((one, b""), (b"", one), (one, other))[number % 3]


def _piece(whole: bytes, rng: random.Random) -> bytes:
    start = rng.randrange(1, max(2, len(whole) - 100))
    size = rng.choice(_SHORT) if rng.random() < 0.4 else OPENING_BYTES
    return whole[start : start + size]


def _integers(code: str, order: str) -> Kind:
    bits = 8 * struct.calcsize(order + code) - 1

    def make(rng: random.Random) -> bytes:
        count, top = (
            600,
            1 << rng.choice([n for n in (1, 2, 4, 7, 8, 12, 16, 20, 31, 48) if n <= bits]),
        )
        start = rng.randrange(top)
        numbers = rng.choice(
            (
                lambda: [rng.randrange(top) for _ in range(count)],
                lambda: [min(start + n, (1 << bits) - 1) for n in range(count)],
                lambda: [rng.choice((0, 0, 0, 1, rng.randrange(top))) for _ in range(count)],
                lambda: [start] * count,
                lambda: [int(top ** rng.random()) - 1 for _ in range(count)],
            )
        )()
        return struct.pack(f"{order}{count}{code}", *numbers)

    return make


def _reals(code: str, order: str) -> Kind:
    def make(rng: random.Random) -> bytes:
        spread, empty = 10 ** rng.uniform(-4, 4), rng.choice((0.0, 0.0, 0.5, 0.95))
        most = 6e4 if code == "e" else 1e30
        numbers = [
            0.0 if rng.random() < empty else max(-most, min(most, rng.gauss(0, spread)))
            for _ in range(600)
        ]
        return struct.pack(f"{order}600{code}", *numbers)

    return make


for _name, _code in (("int8", "B"), ("int16", "H"), ("int32", "I"), ("int64", "Q")):
    for _end, _order in (("little", "<"), ("big", ">")):
        KINDS[f"{_name} {_end}"] = _integers(_code, _order)
for _name, _code in (("float16", "e"), ("float32", "f"), ("float64", "d")):
    for _end, _order in (("little", "<"), ("big", ">")):
        KINDS[f"{_name} {_end}"] = _reals(_code, _order)


@kind
def _random(rng: random.Random) -> bytes:
    return rng.randbytes(4000)


@kind
def _bfloat16(rng: random.Random) -> bytes:
    values = struct.pack("<1000f", *(rng.gauss(0, 0.02) for _ in range(1000)))
    return b"".join(values[at + 2 : at + 4] for at in range(0, 4000, 4))


@kind
def _sparse(rng: random.Random) -> bytes:
    few = (0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4, 16, 255)
    return bytes(rng.choice(few) if rng.random() < 0.9 else rng.randrange(256) for _ in range(4000))


@kind
def _runs(rng: random.Random) -> bytes:
    pieces = (
        bytes([rng.choice((0, 0, 1, 32, 255))]) * rng.randrange(1, 40)
        + rng.randbytes(rng.randrange(9))
        for _ in range(200)
    )
    return b"".join(pieces)


@kind
def _records(rng: random.Random) -> bytes:
    """Structures of mixed numbers, as programs write their own formats."""
    order = rng.choice("<>")
    layout = struct.Struct(
        order + "".join(rng.choice("BBHHIIQQfd") for _ in range(rng.randrange(2, 9)))
    )
    kinds = layout.format.lstrip("<>")
    rows = (
        layout.pack(
            *(
                rng.random() if one in "fd" else rng.choice((0, 1, row, rng.randrange(200))) & 0xFF
                for one in kinds
            )
        )
        for row in range(200)
    )
    return b"".join(rows)


@kind
def _framed(rng: random.Random) -> bytes:
    """Messages behind their lengths, in any width and order, of a protocol that nobody knows."""
    head = struct.Struct(rng.choice(("<I", ">I", "<Q", ">Q", "<H", ">H", ">IB", "<IB", ">HH")))
    more = (rng.randrange(20),) * (len(head.format) - 2)
    bodies = (_value_bytes(rng) for _ in range(100))
    return b"".join(head.pack(len(body), *more) + body for body in bodies)


def _value_bytes(rng: random.Random) -> bytes:
    size = rng.choice((0, 1, 4, 8, 20, 60, 200))
    words = " ".join(_word(rng) for _ in range(size // 6))
    return rng.choice((bytes(size), rng.randbytes(size), words.encode()))


@kind
def _program(rng: random.Random) -> bytes:
    """As in an object file: instructions with small operands, symbol and section tables, names."""
    tables = struct.Struct("<IBBHQQ").pack
    code = b"".join(
        rng.choice((b"\x48\x89", b"\x48\x8b", b"\xe8", b"\x0f\x84", b"\x55", b"\xc3", b"\x48\x83"))
        + rng.randbytes(rng.randrange(3))
        + bytes(rng.choice((0, 0, 2, 3)))
        for _ in range(250)
    )
    symbols = b"".join(
        tables(n * 9, 0x12, 0, n % 20, 0x1000 + 16 * n, rng.randrange(300)) for n in range(60)
    )
    names = b"\0".join(_word(rng).encode() for _ in range(120))
    return code + symbols + names + symbols


@kind
def _pickled(rng: random.Random) -> bytes:
    return b"".join(pickle.dumps(_tree(rng, 4), rng.randrange(1, 6)) for _ in range(20))


@kind
def _protobuf(rng: random.Random) -> bytes:
    return b"".join(_message(rng, 3) for _ in range(30))


def _varint(number: int) -> bytes:
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*out, number])


def _message(rng: random.Random, depth: int) -> bytes:
    found = b""
    for field in range(1, rng.randrange(2, 9)):
        wire = rng.choice((0, 0, 1, 2, 2, 5))
        found += _varint(field << 3 | wire)
        if wire == 0:
            found += _varint(int(2 ** rng.uniform(0, 40)))
        elif wire == 2:
            inner = _message(rng, depth - 1) if depth and rng.random() < 0.5 else _value_bytes(rng)
            found += _varint(len(inner)) + inner
        else:
            found += rng.randbytes(8 if wire == 1 else 4)
    return found


@kind
def _msgpack(rng: random.Random) -> bytes:
    return b"".join(_packed(_tree(rng, 4)) for _ in range(20))


def _packed(value: object) -> bytes:
    if isinstance(value, dict):
        return bytes([0x80 | len(value)]) + b"".join(
            _packed(k) + _packed(v) for k, v in value.items()
        )
    if isinstance(value, list):
        return bytes([0x90 | len(value)]) + b"".join(map(_packed, value))
    if isinstance(value, str):
        data = value.encode()
        return (
            bytes([0xA0 | len(data)]) if len(data) < 32 else b"\xd9" + bytes([len(data) & 255])
        ) + data
    if isinstance(value, bytes):
        return b"\xc5" + struct.pack(">H", len(value)) + value
    if isinstance(value, float):
        return b"\xcb" + struct.pack(">d", value)
    if isinstance(value, bool) or value is None:
        return b"\xc3" if value else b"\xc0"
    assert isinstance(value, int)
    return bytes([value]) if value < 128 else b"\xcf" + struct.pack(">Q", value)


def _tree(rng: random.Random, depth: int) -> object:
    if depth and rng.random() < 0.7:
        if rng.random() < 0.6:
            return {_word(rng): _tree(rng, depth - 1) for _ in range(rng.randrange(1, 9))}
        return [_tree(rng, depth - 1) for _ in range(rng.randrange(1, 12))]
    return rng.choice(
        (
            None,
            True,
            rng.randrange(100),
            rng.randrange(1 << 40),
            rng.random(),
            _word(rng),
            rng.randbytes(rng.randrange(40)),
        )
    )


@kind
def _npy(rng: random.Random) -> bytes:
    head = f"{{'descr': '<f4', 'fortran_order': False, 'shape': ({rng.randrange(9999)},), }}"
    data = struct.pack("<300f", *(rng.gauss(0, 1) for _ in range(300)))
    return b"\x93NUMPY\x01\x00v\x00" + head.ljust(117).encode() + b"\n" + data


@kind
def _safetensors(rng: random.Random) -> bytes:
    entries = {
        f"model.layers.{n}.{_word(rng)}.weight": {
            "dtype": "F16",
            "shape": [64, 64],
            "data_offsets": [n << 13, n + 1 << 13],
        }
        for n in range(20)
    }
    head = json.dumps(entries).encode()
    return struct.pack("<Q", len(head)) + head + _bfloat16(rng)


@kind
def _zip(rng: random.Random) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as file:
        for number in range(30):
            file.writestr(f"archive/data/{number}", rng.randbytes(rng.randrange(60)))
    return out.getvalue()


@kind
def _gzip(rng: random.Random) -> bytes:
    return gzip.compress(_prose(rng), mtime=0) + gzip.compress(_json(rng), mtime=0)


@kind
def _jpeg(rng: random.Random) -> bytes:
    tables = b"".join(
        b"\xff\xdb\0\x43" + bytes([n]) + bytes(min(255, 3 + at // 2) for at in range(64))
        for n in range(2)
    )
    scan = rng.randbytes(3000).replace(b"\xff", b"\xff\0")
    head = b"\xff\xd8\xff\xe0\0\x10JFIF\0\1\1\0\0\1\0\1\0\0"
    return head + tables + b"\xff\xda\0\x0c\3\1\0\2\x11\3\x11\0\x3f\0" + scan + b"\xff\xd9"


@kind
def _mp4(rng: random.Random) -> bytes:
    def box(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", 8 + len(body)) + name + body

    sizes = struct.pack(">60I", *(rng.randrange(200, 9000) for _ in range(60)))
    times = b"".join(struct.pack(">II", 1, rng.choice((512, 1024))) for _ in range(40))
    frames = b"".join(
        struct.pack(">I", size) + b"\x41" + rng.randbytes(size) for size in (90, 300, 600)
    )
    return (
        box(b"ftyp", b"isom\0\0\2\0isomiso2")
        + box(b"stsz", bytes(8) + sizes)
        + box(b"stts", bytes(8) + times)
        + box(b"mdat", frames)
    )


@kind
def _pcap(rng: random.Random) -> bytes:
    def one(number: int) -> bytes:
        body = _value_bytes(rng)
        frame = (
            b"\2\0\0\0\0\1\2\0\0\0\0\2\x08\0\x45\0"
            + struct.pack(">HHHBBH", 40 + len(body), number, 0, 64, 6, 0)
            + b"\x0a\0\0\1\x0a\0\0\2"
            + struct.pack(">HHIIBBHHH", 40000, 5000, number, 1, 80, 24, 512, 0, 0)
            + body
        )
        return struct.pack("<IIII", 1700000000, number * 99, len(frame), len(frame)) + frame

    return b"".join(one(number) for number in range(50))


_WORDS = {
    "English": "the model of user a to and in that it is with for was on are as from",
    "German": "der die das Modell über und Größe für ist nicht mit straße schließen Änderung",
    "French": "le modèle de la été où élève forêt garçon à ça être données réseau",
    "Russian": "модель сеть данные пакет и не на я что тот быть весь поток",
    "Chinese": "模型 网络 数据 训练 梯度 推理 服务器 控制 流量",
    "Korean": "모델 네트워크 데이터 학습 추론 서버 제어",
    "names": "id name type value host status error info method path model layer weight bias GET "
    "POST HELLO OK INFO PING QUIT node rank step loss time user data key list total count",
}
_ALL = {language: words.split() for language, words in _WORDS.items()}


def _word(rng: random.Random) -> str:
    return rng.choice(_ALL["names"]) + rng.choice(("", "", "_id", str(rng.randrange(100))))


@kind
def _prose(rng: random.Random) -> bytes:
    words = _ALL[rng.choice(list(_ALL))]
    parts = (
        rng.choice(words) + rng.choice((" ", " ", " ", " ", ", ", ". ", "\n", "\r\n", "! ", ": "))
        for _ in range(700)
    )
    return "".join(parts).encode()


@kind
def _json(rng: random.Random) -> bytes:
    rows = [_tree(rng, 4) for _ in range(30)]
    return json.dumps(rows, default=str, indent=rng.choice((None, 2)), ensure_ascii=False).encode()


@kind
def _csv(rng: random.Random) -> bytes:
    apart = rng.choice(",;\t ")
    rows = (
        apart.join(
            (
                str(1700000000 + row),
                _word(rng),
                f"{rng.gauss(0, 9):.4f}",
                str(rng.randrange(9)),
                "x",
            )
        )
        for row in range(150)
    )
    return "\n".join(rows).encode()


@kind
def _xml(rng: random.Random) -> bytes:
    rows = (
        f'<{name} id="{rng.randrange(99)}">{_word(rng)}</{name}>\n'
        for name in (_word(rng) for _ in range(120))
    )
    return ("<?xml version='1.0'?>\n<list>" + "".join(rows) + "</list>").encode()


@kind
def _yaml(rng: random.Random) -> bytes:
    rows = (
        " " * rng.choice((0, 2, 4)) + rng.choice(("", "- ")) + f"{_word(rng)}: {_word(rng)}"
        for _ in range(250)
    )
    return "\n".join(rows).encode()


@kind
def _log(rng: random.Random) -> bytes:
    rows = (
        f"2026-11-{1 + row % 28:02} 10:{row % 60:02}:{rng.randrange(60):02},{rng.randrange(999)} "
        f"{rng.choice(('INFO', 'DEBUG', 'WARNING'))} "
        f"[{_word(rng)}] {_word(rng)}={rng.random():.3f} {_word(rng)}"
        for row in range(90)
    )
    return "\n".join(rows).encode()


@kind
def _source(rng: random.Random) -> bytes:
    rows = (
        " " * 4 * rng.randrange(3)
        + rng.choice(
            (
                "if {0}:",
                "{0} = {1}({2})",
                "def {0}({1}, {2}):",
                "return {0}",
                "for {0} in {1}:",
                "# {0} {1}",
                "{0}.{1}[{2}] += 1",
                "import {0}",
                "}}",
                "{0}->{1} = &{2};",
                '"{0}": "{1}",',
            )
        ).format(_word(rng), _word(rng), _word(rng))
        for _ in range(200)
    )
    return "\n".join(rows).encode()


@kind
def _base64(rng: random.Random) -> bytes:
    encode = rng.choice((base64.b64encode, base64.encodebytes, base64.b32encode, base64.b16encode))
    return encode(rng.randbytes(2400))


@kind
def _numerals(rng: random.Random) -> bytes:
    apart = rng.choice((" ", "\n", ",", ", ", "\r\n", "|"))
    return apart.join(
        rng.choice((str(rng.randrange(1000)), f"{rng.gauss(0, 1):.6g}")) for _ in range(600)
    ).encode()


@kind
def _hexadecimal(rng: random.Random) -> bytes:
    rows = (str(uuid.UUID(int=rng.getrandbits(128))) for _ in range(90))
    return rng.choice("\n ,").join(rows).encode()


@kind
def _sound(rng: random.Random) -> bytes:
    """PCM: a sine of 16 bits with noise, sometimes silent."""
    loud = rng.choice((0, 3, 300, 12000))
    return array(
        "h", (round(loud * math.sin(n / 9)) + rng.randrange(-2, 3) for n in range(2000))
    ).tobytes()


@kind
def _pixels(rng: random.Random) -> bytes:
    colours = [bytes(rng.randrange(256) for _ in range(rng.choice((3, 4)))) for _ in range(4)]
    return b"".join(rng.choice(colours) * rng.randrange(1, 60) for _ in range(60))
