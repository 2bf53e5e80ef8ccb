from importlib import metadata

from mmseg_ext.compat import distributions


def test_finds_what_is_installed():
    assert distributions.find_distribution('torch') == (
        'torch', metadata.version('torch'))
    name, version = distributions.find_distribution('mmcv')
    assert name in distributions.CANDIDATES['mmcv']
    assert version == metadata.version(name)


def test_nothing_installed():
    assert distributions.find_distribution('no_such_module') is None


def test_a_fork_goes_first(monkeypatch):
    monkeypatch.setattr(distributions.metadata, 'version', lambda name: '1.0')
    assert distributions.find_distribution('mmcv') == ('onedl-mmcv', '1.0')
