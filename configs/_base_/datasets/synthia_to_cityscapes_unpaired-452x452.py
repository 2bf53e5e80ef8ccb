# SYNTHIA and Cityscapes without labels, to learn to translate
_base_ = ['./gta_to_cityscapes_unpaired-452x452.py']
train_dataloader = dict(
    dataset=dict(
        source=dict(
            data_root='data/synthia', data_prefix=dict(img_path='RGB'))))
test_dataloader = dict(
    dataset=dict(data_root='data/synthia', data_prefix=dict(img_path='RGB')))
