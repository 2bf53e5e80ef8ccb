"""Run the tools that MMSegmentation brings along, where they are installed."""
import runpy
from importlib import import_module
from pathlib import Path

_WHEELS = dict(mmseg='mmsegmentation==1.2.2', mmdet='mmdet==3.3.0')


def stock_tool_path(name: str, package: str = 'mmseg') -> Path:
    """Find a tool of an installed OpenMMLab package.

    Args:
        name (str): Path below ``tools``, such as
            ``'analysis_tools/benchmark.py'``.
        package (str): Import name of the package. Defaults to ``'mmseg'``.

    Returns:
        Path: The file, from ``<package>/.mim/tools`` as wheels have it, or
        from ``tools`` beside the package as in a clone.

    Raises:
        FileNotFoundError: If neither folder has the tool.
    """
    root = Path(import_module(package).__file__).resolve().parent
    folders = (root / '.mim' / 'tools', root.parent / 'tools')
    for folder in folders:
        if (folder / name).is_file():
            return folder / name
    raise FileNotFoundError(
        f'The installed {package} has no tool {name} (looked in '
        f'{" and ".join(map(str, folders))}); install it from its wheel: '
        f'pip install --force-reinstall --no-deps {_WHEELS[package]}')


def run_stock_tool(name: str, package: str = 'mmseg') -> None:
    """Run a stock tool as if it had been called itself.

    It reads ``sys.argv`` as it stands, so its options and its help are the
    stock ones. What ``import mmseg_ext`` registers and mends is there already.

    Args:
        name (str): Path below ``tools``.
        package (str): Import name of the package. Defaults to ``'mmseg'``.
    """
    runpy.run_path(str(stock_tool_path(name, package)), run_name='__main__')


def inner_segmentor(model: dict) -> dict:
    """Take the plain segmentor out of an algorithm's config.

    Args:
        model (dict): Config of a model. Algorithms hold the segmentor they
            train as ``segmentor``, possibly several levels deep.

    Returns:
        dict: Config of the innermost segmentor; ``model`` itself where it
        wraps none. It always has a ``data_preprocessor`` if one of the
        levels has.
    """
    preprocessor = model.get('data_preprocessor')
    while 'segmentor' in model:
        model = model['segmentor']
        preprocessor = model.get('data_preprocessor') or preprocessor
    if preprocessor is not None and 'data_preprocessor' not in model:
        model = model.copy()
        model['data_preprocessor'] = preprocessor
    return model
