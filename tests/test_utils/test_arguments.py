import argparse

import pytest

from mmseg_ext.utils.arguments import Distinct


@pytest.fixture
def parser():
    parser = argparse.ArgumentParser()
    parser.add_argument(
        '--seeds', type=int, nargs='+', action=Distinct, default=[0])
    return parser


def test_values_that_differ_are_taken(parser):
    assert parser.parse_args([]).seeds == [0]
    assert parser.parse_args(['--seeds', '2', '1']).seeds == [2, 1]


def test_a_repeated_value_is_refused(parser, capsys):
    with pytest.raises(SystemExit):
        parser.parse_args(['--seeds', '1', '0', '1'])
    assert '--seeds: 1 comes twice' in capsys.readouterr().err
