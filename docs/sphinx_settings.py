"""What the English and the Chinese documentation have in common.

The pages of the methods are the READMEs below ``configs``, which are the only
place where options and results are written down.
"""
import re
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]

project = 'mmseg_ext'
author = copyright = 'mmseg_ext contributors'
extensions = ['myst_parser']
myst_enable_extensions = ['colon_fence', 'dollarmath']
myst_heading_anchors = 4
html_theme = 'sphinx_rtd_theme'
exclude_patterns = ['_build']
suppress_warnings = ['myst.header']


def method_readmes():
    """READMEs of the methods by name of the method's folder."""
    return {
        path.parent.name: path
        for path in sorted(REPOSITORY.glob('configs/*/README.md'))
    }


def rewrite_links(text, methods, to_english):
    """Point links between READMEs to the pages made of them.

    Args:
        text (str): A README of a method.
        methods (Collection[str]): Folders of all methods.
        to_english (str): Path from the page to the folder ``docs/en``.
    """
    text = _link_pages(text, '../', methods, '')
    return text.replace('](../../docs/en/', f']({to_english}/')


def _link_pages(text, folder, methods, pages):
    """Point links to READMEs below a folder to the pages made of them."""

    def page(match):
        name, anchor = match['name'], match['anchor'] or ''
        if name not in methods:
            raise ValueError(f'a page links to the folder {folder}{name}, '
                             'which is no method.')
        return f']({pages}{name}.md{anchor})'

    return re.sub(
        rf'\]\({re.escape(folder)}(?P<name>[\w-]+)(?:/README\.md)?'
        r'(?P<anchor>#[\w-]+)?\)', page, text)


def write_method_pages(source, to_english):
    """Write a page a method below ``methods``, only where it changed.

    Args:
        source (str): Folder of the documentation's sources.
        to_english (str): See :func:`rewrite_links`.
    """
    readmes = method_readmes()
    folder = Path(source) / 'methods'
    folder.mkdir(exist_ok=True)
    for old in folder.glob('*.md'):
        if old.stem not in readmes:
            old.unlink()
    for name, path in readmes.items():
        text = rewrite_links(path.read_text(), readmes, to_english)
        page = folder / f'{name}.md'
        if not page.exists() or page.read_text() != text:
            page.write_text(text)


def setup(app):
    """Let pages link to ``../../configs/<method>/README.md``.

    That is where the READMEs are in a clone; in the build they are below
    ``methods``.
    """
    methods = method_readmes()

    def rewrite(app, page, source):
        if not page.startswith('methods/'):
            source[0] = _link_pages(source[0], '../../configs/', methods,
                                    'methods/')

    app.connect('source-read', rewrite)
    return dict(parallel_read_safe=True)
