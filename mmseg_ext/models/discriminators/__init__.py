from .fc_discriminator import FCDiscriminator
from .patch_discriminator import PatchDiscriminator
from .pixel_discriminator import PixelDiscriminator

__all__ = ['FCDiscriminator', 'PatchDiscriminator', 'PixelDiscriminator']
