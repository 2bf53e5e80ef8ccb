from importlib.metadata import PackageNotFoundError

import pytest

from mmseg_ext.utils import stack


def install(monkeypatch, **versions):
    """Let the environment have these distributions and no others."""

    def version(name):
        try:
            return versions[name.replace('-', '_')]
        except KeyError:
            raise PackageNotFoundError(name)

    monkeypatch.setattr(stack, 'version', version)
    monkeypatch.setattr(stack, 'find_spec', lambda module: object())


def test_accepts_the_stock_stack(monkeypatch):
    install(
        monkeypatch,
        mmengine='0.10.7',
        mmcv_lite='2.1.0',
        mmsegmentation='1.2.2')
    stack.check_stack()


def test_accepts_any_version_of_the_forks(monkeypatch):
    install(
        monkeypatch,
        onedl_mmengine='0.99',
        onedl_mmcv='2.9.1',
        onedl_mmsegmentation='1.9.0')
    stack.check_stack()


def test_trusts_modules_without_metadata(monkeypatch):
    install(monkeypatch)
    stack.check_stack()


def test_names_the_missing_package_and_the_remedy(monkeypatch):
    install(monkeypatch, mmengine='0.10.7')
    monkeypatch.setattr(stack, 'find_spec', lambda module: None
                        if module == 'mmcv' else object())
    with pytest.raises(ImportError, match='needs mmcv, .*pip install'):
        stack.check_stack()


@pytest.mark.parametrize('versions, message', [
    (dict(mmengine='0.9.1'), 'mmengine<1,>=0.10.7.* but 0.9.1|'
     'mmengine>=0.10.7,<1.* but 0.9.1'),
    (dict(mmengine='0.10.7', mmcv='2.2.0'), 'mmcv.* but 2.2.0'),
    (dict(mmsegmentation='0.30.0'), 'mmsegmentation.* but 0.30.0'),
])
def test_refuses_versions_out_of_range(monkeypatch, versions, message):
    install(monkeypatch, **versions)
    with pytest.raises(ImportError, match=message):
        stack.check_stack()


def test_ranges_are_those_of_the_metadata(setup_cfg):
    from packaging.requirements import Requirement
    stock = setup_cfg['options.extras_require']['stock'].split()
    declared = {r.name: r.specifier for r in map(Requirement, stock)}
    for distributions in stack.REQUIRED.values():
        for name, wanted in distributions.items():
            if name in declared:
                assert stack.SpecifierSet(wanted) == declared[name], name
