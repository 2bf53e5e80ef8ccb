# without the dense contrastive loss
_base_ = ['./fmwiss_tiny-deeplabv3plus_400_camvid-9-2_simulated.py']
model = dict(loss_contrast=None)
