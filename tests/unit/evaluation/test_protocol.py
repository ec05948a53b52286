from __future__ import annotations

import pytest

from cetransfer.composition import config_dir
from cetransfer.errors import UserError
from cetransfer.evaluation.protocol import kinds, make_protocol, register


def test_every_kind_has_a_file_and_every_file_a_kind(compose):
    files = {path.stem for path in (config_dir() / "protocol").glob("*.yaml")}
    assert files == {*kinds(), "default", "full"} - {"kfold"}
    for name in files:
        settings = compose(f"protocol={name}")
        assert type(make_protocol(settings)) is kinds()[settings.protocol.kind]


def test_an_unknown_kind_is_answered_with_the_nearest(compose):
    with pytest.raises(UserError, match=r"protocol\.kind=draw is unknown; did you mean draws\?"):
        make_protocol(compose("protocol.kind=draw"))
    with pytest.raises(UserError, match="choose one of by_a, by_b"):
        make_protocol(compose("protocol.kind=zzz"))


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (["protocol.draws=3"], "draws=3 belongs to protocol=draws or learning_curve, not to kfold"),
        (["protocol=draws", "protocol.sizes=[2]"], "sizes=.* belongs to protocol=learning_curve"),
        (["protocol.kind=draws"], r"protocol\.draws has no value; protocol=draws needs it"),
        (["protocol=draws", "protocol.repeats=2"], "repeats=2: draws has no repeats"),
        (["protocol.source_has_element=false"], "kfold holds out no elements; choose"),
        (["protocol=by_pair", "protocol.source_has_element=false"], "by_pair holds out no"),
    ],
)
def test_keys_that_do_not_go_together_are_refused(compose, overrides, message):
    with pytest.raises(UserError, match=message):
        make_protocol(compose(*overrides))


def test_a_kind_cannot_be_registered_twice():
    with pytest.raises(ValueError, match="registered twice"):
        register("draws")(kinds()["draws"])
