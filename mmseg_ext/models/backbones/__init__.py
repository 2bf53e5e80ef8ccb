from .deeplabv2_resnet import DeepLabV2ResNet
from .dilated_vgg import DilatedVGG

__all__ = ['DeepLabV2ResNet', 'DilatedVGG']
