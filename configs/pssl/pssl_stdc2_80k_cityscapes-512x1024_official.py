# from the public weights, converted by
# python tools/model_converters/pssl.py SRC checkpoints/pssl_stdc2.pth
_base_ = ['./pssl_stdc2_80k_cityscapes-512x1024.py']
load_from = 'checkpoints/pssl_stdc2.pth'
