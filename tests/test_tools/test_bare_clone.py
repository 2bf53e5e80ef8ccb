"""Tools run from a clone in an environment that has the stack alone."""


def test_tools_find_the_package_beside_them(repo):
    wanting = [
        path.name for path in sorted((repo / 'tools').rglob('*.py'))
        if 'from mmseg_ext' in path.read_text()
        and 'sys.path.append' not in path.read_text()
    ]
    assert wanting == []
