import logging
import sys

from mmseg_ext import compat


def test_applied_names_every_part():
    assert list(compat.applied()) == [
        'torchvision_ops', 'mmcv_ops', 'panoptic_api', 'safe_globals',
        'local_checkpoints', 'cpu_amp', 'cpu_dist', 'config_packages',
        'repeated_warnings'
    ]
    assert all(compat.applied().values())


def test_applied_is_a_copy():
    compat.applied().clear()
    assert compat.applied()


def test_applying_again_changes_nothing():
    before = compat.applied()
    extension = sys.modules.get('mmcv._ext')
    compat._apply_all()
    after = compat.applied()
    assert sys.modules.get('mmcv._ext') is extension
    assert {
        name: text[:12]
        for name, text in after.items()
    } == {
        name: text[:12]
        for name, text in before.items()
    }


def test_one_debug_line(caplog):
    with caplog.at_level(logging.DEBUG, logger='mmseg_ext'):
        compat._apply_all()
    line, = (record.getMessage() for record in caplog.records)
    assert line.startswith('compat: ')
    for name, done in compat.applied().items():
        assert f'{name}: {done}' in line
