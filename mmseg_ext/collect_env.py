"""Print the installed stack and which parts of it were checked.

Run it for a bug report::

    python -m mmseg_ext.collect_env
"""
import os
import platform
from importlib.util import find_spec
from typing import Dict, Optional

import mmseg_ext
from mmseg_ext.compat import applied, checked_versions, mmcv_ops
from mmseg_ext.compat.distributions import find_distribution

__all__ = ['collect_env', 'main']

# Import names, in the order of the report.
STACK = ('torch', 'torchvision', 'mmengine', 'mmcv', 'mmseg', 'mmdet',
         'mmpretrain', 'transformers', 'numpy', 'cv2')
REQUIRED = ('torch', 'mmengine', 'mmcv', 'mmseg', 'numpy', 'cv2')
# Variables that change how torch loads checkpoints.
LOADING_VARIABLES = ('TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD',
                     'TORCH_FORCE_WEIGHTS_ONLY_LOAD')


def collect_env() -> Dict[str, str]:
    """Everything that the report prints.

    Returns:
        dict[str, str]: The report of mmengine, then the stack with what was
        checked, then what ``mmseg_ext.compat`` did.
    """
    from mmengine.utils.dl_utils import collect_env as collect_base_env
    info = {key: str(value) for key, value in collect_base_env().items()}
    info['mmseg_ext'] = mmseg_ext.__version__
    info['Device'] = _device()
    info['OpenMMLab'] = _edition()
    info['Python version'] = _python()
    for module in STACK:
        info[f'{module} installed'] = _installed(module)
    info['mmcv operators'] = _operators()
    for name in LOADING_VARIABLES:
        if name in os.environ:
            info[name] = f'{os.environ[name]} (the environment sets it)'
    for name, done in applied().items():
        info[f'compat.{name}'] = done
    return info


def _device() -> str:
    import torch
    from mmengine.device import get_device
    device = get_device()
    if device == 'cuda':
        names = [
            torch.cuda.get_device_name(index)
            for index in range(torch.cuda.device_count())
        ]
        return f'cuda ({", ".join(names)})'
    return f'{device} ({torch.get_num_threads()} threads)'


def _edition() -> str:
    """Stock OpenMMLab packages, the maintained forks, or a mixture."""
    found = [
        find_distribution(module) for module in ('mmengine', 'mmcv', 'mmseg')
    ]
    forks = [bool(item) and item[0].startswith('onedl-') for item in found]
    if all(forks):
        return 'the maintained forks (onedl-*)'
    if any(forks):
        return ('a mixture of stock packages and maintained forks (onedl-*): '
                'not checked, install one or the other')
    return 'stock packages'


def _verdict(checked: Optional[bool], expected: str) -> str:
    if checked is None:
        return 'not checked'
    return 'checked' if checked else f'not checked, {expected} was'


def _python() -> str:
    minor = '.'.join(platform.python_version_tuple()[:2])
    verdict = _verdict(minor in checked_versions.PYTHON,
                       ' or '.join(checked_versions.PYTHON))
    return f'{platform.python_version()} [{verdict}]'


def _installed(module: str) -> str:
    distribution = find_distribution(module)
    if distribution is None:
        if find_spec(module) is not None:
            return 'without metadata [not checked]'
        if module in REQUIRED:
            return 'NOT INSTALLED, mmseg_ext needs it'
        return 'not installed (optional)'
    name, version = distribution
    expected = ' or '.join(checked_versions.CHECKED.get(name, ()))
    verdict = _verdict(checked_versions.is_checked(name, version), expected)
    return f'{name} {version} [{verdict}]'


def _operators() -> str:
    if mmcv_ops.is_stand_in():
        return ('PyTorch kernels of mmseg_ext (nms, RoIAlign, deformable '
                'attention), others are refused')
    try:
        from mmcv.ops import get_compiler_version, get_compiling_cuda_version
    except (ImportError, OSError) as error:
        return f'compiled, but they do not load: {error}'
    return (f'compiled ({get_compiler_version()}, CUDA '
            f'{get_compiling_cuda_version()})')


def main() -> None:
    """Print the report, one entry a line."""
    for key, value in collect_env().items():
        print(f'{key}: {value}')


if __name__ == '__main__':
    main()
