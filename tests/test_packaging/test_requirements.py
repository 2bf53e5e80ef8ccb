"""Ranges, exact versions and the hooks of pre-commit agree."""
import itertools
import re

import pytest
import yaml
from packaging.requirements import Requirement

PYTHONS = ('3.10', '3.11', '3.12', '3.13')


def normal(name):
    return re.sub(r'[-_.]+', '-', name).lower()


@pytest.fixture(scope='module')
def pins(repo):
    """Requirement by Python version and name."""
    result = {python: {} for python in PYTHONS}
    text = (repo / 'requirements' / 'constraints.txt').read_text()
    for line in text.splitlines():
        if not line or line.startswith('#'):
            continue
        pin = Requirement(line)
        for python, by_name in result.items():
            if pin.marker is None or pin.marker.evaluate(
                    dict(python_version=python)):
                assert normal(pin.name) not in by_name, line
                by_name[normal(pin.name)] = pin
    return result


def declared(setup_cfg):
    extras = dict(setup_cfg['options.extras_require'])
    extras.pop('mim')  # a compiled mmcv is the user's own
    lines = itertools.chain(
        setup_cfg['options']['install_requires'].splitlines(),
        *(text.splitlines() for text in extras.values()))
    found = [Requirement(line) for line in lines if line.strip()]
    return [r for r in found if normal(r.name) != 'mmseg-ext']


@pytest.mark.parametrize('python', PYTHONS)
def test_every_requirement_is_pinned_within_its_range(setup_cfg, pins, python):
    for requirement in declared(setup_cfg):
        pin = pins[python].get(normal(requirement.name))
        assert pin is not None, requirement.name
        (exact, ) = pin.specifier
        assert exact.operator == '=='
        assert requirement.specifier.contains(exact.version), requirement


def test_extra_all_takes_every_extra_of_users(setup_cfg):
    extras = setup_cfg['options.extras_require']
    (everything, ) = extras['all'].split()
    assert Requirement(
        everything).extras == set(extras) - {'all', 'dev', 'mim'}


def test_nothing_that_could_overwrite_an_installed_stack(setup_cfg):
    """No distribution of which another one installs the same modules."""
    required = {
        normal(Requirement(line).name)
        for line in setup_cfg['options']['install_requires'].split('\n')
        if line.strip()
    }
    assert not required & {
        'mmcv', 'mmcv-lite', 'mmengine', 'mmsegmentation', 'mmdet',
        'mmpretrain', 'opencv-python', 'opencv-python-headless'
    }


def test_build_file_has_the_range_of_setuptools(repo, setup_cfg):
    (bound, ) = re.findall(r'requires = \["(.*)"\]',
                           (repo / 'pyproject.toml').read_text())
    lines = setup_cfg['options']['install_requires'].splitlines()
    assert bound in lines


def test_pre_commit_uses_the_pinned_versions(repo, pins):
    hooks = yaml.safe_load((repo / '.pre-commit-config.yaml').read_text())
    found = [
        Requirement(line) for source in hooks['repos']
        for hook in source['hooks'] for line in hook['additional_dependencies']
    ]
    assert sorted(r.name for r in found) == ['flake8', 'isort', 'yapf']
    for requirement in found:
        newest = pins[PYTHONS[-1]][requirement.name]
        assert requirement.specifier == newest.specifier
