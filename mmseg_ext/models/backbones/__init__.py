from .deeplabv2_resnet import DeepLabV2ResNet
from .dilated_vgg import DilatedVGG
from .hybrid_vision_transformer import HybridVisionTransformer
from .weight_standardized_resnet import StdConv2d, WeightStandardizedResNet
from .wider_resnet import WiderResNet

__all__ = [
    'DeepLabV2ResNet', 'DilatedVGG', 'HybridVisionTransformer', 'StdConv2d',
    'WeightStandardizedResNet', 'WiderResNet'
]
