"""Scores against those worked out by hand, and mistakes in tables of labels."""

from pathlib import Path

import pytest

from classifier.errors import LabelsError
from classifier.score import LabelKey, Outcome, read_labels, score
from policies.classes import TrafficClass

CONTROL, BULK = TrafficClass.CONTROL, TrafficClass.BULK
GRADIENT = TrafficClass.GRADIENT
HEAD = "file,l4,client,cport,server,sport,expected_class,note\n"


def test_score_by_hand() -> None:
    told = [(CONTROL, CONTROL)] * 3 + [(CONTROL, BULK)] + [(BULK, BULK)] * 2 + [(BULK, GRADIENT)]
    judged = score(Outcome(*pair) for pair in told)
    assert judged.flows == 7 and judged.accuracy == pytest.approx(5 / 7)
    control, bulk = judged.classes[CONTROL], judged.classes[BULK]
    assert (control.precision, control.recall) == (1.0, 0.75)
    assert control.f1 == pytest.approx(6 / 7)
    assert (bulk.precision, bulk.recall) == (pytest.approx(2 / 3), pytest.approx(2 / 3))
    assert judged.classes[GRADIENT].f1 == 0.0 and judged.classes[GRADIENT].flows == 0
    assert judged.macro_f1 == pytest.approx((6 / 7 + 2 / 3) / 3)
    assert judged.confusion[Outcome(BULK, GRADIENT)] == 1


def test_score_of_nothing() -> None:
    assert score([]).accuracy == score([]).macro_f1 == 0.0


def test_labels(tmp_path: Path) -> None:
    file = tmp_path / "labels.csv"
    file.write_text(HEAD + "a.pcap,TCP,2001:DB8::1,1,10.0.0.1,65535,model-distribution,x\n")
    key = LabelKey("a.pcap", "tcp", "2001:db8::1", 1, "10.0.0.1", 65535)
    assert read_labels(file) == {key: TrafficClass.MODEL_DISTRIBUTION}
    assert key.reversed().reversed() == key and key.reversed().client == "10.0.0.1"


@pytest.mark.parametrize(("text", "told"), [
    ("", ":1: columns missing: file, l4"),
    ("file,l4\n", ":1: columns missing: client"),
    (HEAD + "a,tcp,10.0.0.1,1,10.0.0.2,2,Bulk,\n", ":2: class 'Bulk'; it is one of control"),
    (HEAD + "a,tcp,10.0.0.1,1,10.0.0.2,2,bulk,\na,tcp,10.0.0,1,10.0.0.2,2,bulk,\n", ":3: '10.0.0'"),
    (HEAD + "a,tcp,10.0.0.1,-1,10.0.0.2,2,bulk,\n", ":2: port '-1'"),
    (HEAD + "a,tcp,10.0.0.1,1,10.0.0.2,65536,bulk,\n", ":2: port '65536'"),
    (HEAD + "a,tcp,10.0.0.1\n", ":2: nothing for cport, server, sport, expected_class"),
    (HEAD + "a,tcp,10.0.0.1,1,10.0.0.2,2,bulk,\na,tcp,10.0.0.1,1,10.0.0.2,2,control,\n",
     ":3: this flow was labelled otherwise"),
    (HEAD + "\x00" + "x" * 200000, ":"),
])  # fmt: skip
def test_mistakes_are_told_with_their_line(tmp_path: Path, text: str, told: str) -> None:
    file = tmp_path / "labels.csv"
    file.write_text(text)
    with pytest.raises(LabelsError) as caught:
        read_labels(file)
    assert f"{file}" in str(caught.value) and told in str(caught.value)


def test_labels_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(LabelsError, match="No such file"):
        read_labels(tmp_path / "none.csv")
    (tmp_path / "image.csv").write_bytes(b"\xff\xfe\x00\xd8")
    with pytest.raises(LabelsError, match="UTF-8"):
        read_labels(tmp_path / "image.csv")
