# control: the target is forwarded and moves the statistics of normalisation,
# no loss reads it
_base_ = ['./source_only_tiny-deeplabv3plus_2k_camvid-day2dusk.py']
model = dict(forward_target=True)
