"""The documentation, as far as it can be checked without Sphinx."""
import importlib.util
import re

import pytest


@pytest.fixture(scope='module')
def settings(repo):
    spec = importlib.util.spec_from_file_location(
        'sphinx_settings', repo / 'docs/sphinx_settings.py')
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_both_languages_have_the_same_pages(repo):
    english, chinese = ({
        path.name
        for path in (repo / 'docs' / language).glob('*.md')
    } for language in ('en', 'zh_cn'))
    assert english == chinese
    for language in ('en', 'zh_cn'):
        index = (repo / 'docs' / language / 'index.md').read_text()
        listed = set(re.findall(r'^(\w+)$', index, re.M))
        assert {f'{name}.md' for name in listed} | {'index.md'} == english


def test_pages_of_methods(settings, tmp_path):
    settings.write_method_pages(tmp_path, '..')
    pages = {path.stem: path for path in (tmp_path / 'methods').iterdir()}
    assert set(pages) == set(settings.method_readmes())
    for page in pages.values():
        for link in re.findall(r'\]\(([^)]+)\)', page.read_text()):
            if link.startswith('http'):
                continue
            target = link.split('#')[0]
            assert target.startswith('../_static/') or (
                target.endswith('.md') and target[:-3] in pages), (page, link)


def test_links_to_no_method_are_refused(settings):
    with pytest.raises(ValueError, match='../nothing'):
        settings.rewrite_links('see [it](../nothing)', ['eln'], '..')


def test_pictures_exist(repo, settings):
    for path in [*settings.method_readmes().values(), repo / 'README.md']:
        for link in re.findall(r'\]\(([^)]+\.png)\)', path.read_text()):
            assert (path.parent / link).is_file(), (path, link)


def test_tools_that_the_pages_name(repo):
    for page in [*(repo / 'docs').glob('*/*.md'), repo / 'README.md']:
        for tool in re.findall(r'(?<!mmseg/)\btools/[\w/]+\.(?:py|sh)',
                               page.read_text()):
            assert (repo / tool).is_file(), (page.name, tool)
