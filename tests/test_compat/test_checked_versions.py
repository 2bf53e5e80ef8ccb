import re
from pathlib import Path

import pytest

from mmseg_ext.compat.checked_versions import CHECKED, is_checked

ROOT = Path(__file__).resolve().parents[2]


def constraints():
    """Versions by distribution, as requirements/constraints.txt has them."""
    found = {}
    for line in (ROOT /
                 'requirements/constraints.txt').read_text().split('\n'):
        match = re.match(r'([A-Za-z0-9_.-]+)==([^;\s]+)', line)
        if match:
            found.setdefault(match[1].lower(), set()).add(match[2])
    return found


def test_agrees_with_the_constraints():
    expected = constraints()
    # One source for both: mmcv-lite is mmcv without the compiler.
    expected['mmcv'] = expected['mmcv-lite']
    for name, versions in CHECKED.items():
        if not name.startswith('onedl-'):
            assert set(versions) == expected[name], name


def test_agrees_with_the_script_for_the_forks():
    script = (ROOT / 'tools/check_onedl.sh').read_text()
    installed = dict(re.findall(r'(onedl-[a-z]+)==([0-9.]+)', script))
    table = {
        name: versions[0]
        for name, versions in CHECKED.items() if name.startswith('onedl-')
    }
    assert installed == table


@pytest.mark.parametrize('name, version, expected', [
    ('torch', '2.13.0', True),
    ('torch', '2.13.0+cpu', True),
    ('torch', '2.12.0', False),
    ('mmcv-lite', '2.1.0', True),
    ('numpy', '2.4.6', True),
    ('numpy', '2.4.7', False),
    ('some-other-package', '1.0', None),
])
def test_is_checked(name, version, expected):
    assert is_checked(name, version) is expected
