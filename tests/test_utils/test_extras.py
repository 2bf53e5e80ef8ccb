"""Components of packages that are not installed."""
import os
import subprocess
import sys

WITHOUT_MMDET = '''
import sys
sys.modules['mmdet'] = None  # as if it were not there
import mmseg_ext
from mmseg_ext.models import detectors, necks, roi_heads
assert not detectors.__all__ and not roi_heads.__all__, detectors.__all__
assert 'UndilatedJPU' in necks.__all__
import mmengine.registry, mmseg.registry
for registry in (mmengine.registry.MODELS, mmseg.registry.MODELS):
    for name in ('PANet', 'PathAggregationFPN', 'AdaptiveFeaturePooling',
                 'AdaptivePoolingBBoxHead', 'FullyConnectedFusionMaskHead'):
        try:
            registry.build(dict(type=name, num_levels=4))
        except ImportError as error:
            assert str(error) == (
                f"The model type='{name}' needs mmdet, which is not "
                'installed; run: pip install "mmseg_ext[mmdet]"'), error
        else:
            raise AssertionError(name)
print('as told')
'''


def test_without_mmdet(tmp_path):
    """The package imports, and a config that needs mmdet is told so."""
    done = subprocess.run([sys.executable, '-c', WITHOUT_MMDET],
                          env=dict(
                              os.environ,
                              PYTHONPATH=os.pathsep.join(
                                  filter(None, sys.path)),
                              OMP_NUM_THREADS='1'),
                          cwd=tmp_path,
                          text=True,
                          stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT)
    assert done.returncode == 0, done.stdout[-3000:]
    assert 'as told' in done.stdout
