from mmcv.transforms import BaseTransform
from mmseg.registry import TRANSFORMS


@TRANSFORMS.register_module()
class SetOriShape(BaseTransform):
    """Take the current size of the image for its original one.

    Predictions are scored at ``ori_shape``. After loading the labels and
    resizing them with the image, this transform has them scored at the new
    size, as some published evaluations do.

    Required keys: ``img_shape``. Modified keys: ``ori_shape``.
    """

    def transform(self, results: dict) -> dict:
        """Set ``ori_shape`` to ``img_shape``."""
        results['ori_shape'] = tuple(results['img_shape'][:2])
        return results

    def __repr__(self) -> str:
        return f'{type(self).__name__}()'
