# fine-tuning on the masks: no old model, no teacher, no memory
_base_ = ['./fmwiss_no-paste_tiny-deeplabv3plus_400_camvid-9-2_simulated.py']
model = dict(teacher=None, distill_old=False, alpha=1.0)
